/** `:in`, `:not-in`, `:below` and `:above`, from the stored value set to the resources that are found. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFhir, type TestFhir } from './fixture.ts'

const ORGANS = 'http://example.org/organs'
const LEFT = 'http://example.org/ValueSet/left'

const system = {
  resourceType: 'CodeSystem',
  id: 'organs',
  url: ORGANS,
  status: 'active',
  content: 'complete',
  hierarchyMeaning: 'is-a',
  property: [{ code: 'side', type: 'string' }],
  concept: [
    {
      code: 'lung',
      concept: [
        { code: 'left-lung', property: [{ code: 'side', valueString: 'left' }] },
        { code: 'right-lung', property: [{ code: 'side', valueString: 'right' }] },
      ],
    },
    { code: 'liver' },
  ],
}

const left = {
  resourceType: 'ValueSet',
  id: 'left',
  url: LEFT,
  status: 'active',
  compose: { include: [{ system: ORGANS, filter: [{ property: 'side', op: '=', value: 'left' }] }] },
}

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  for (const code of ['lung', 'left-lung', 'right-lung', 'liver', 'hand']) {
    const coding = [{ system: ORGANS, code }]
    await fhir.call('PUT', `/Observation/${code}`, {
      resourceType: 'Observation',
      id: code,
      status: 'final',
      code: { coding },
    })
  }
  await fhir.call('PUT', '/CodeSystem/organs', system)
  await fhir.call('PUT', '/ValueSet/left', left)
})
afterAll(() => fhir[Symbol.asyncDispose]())

async function found(query: string): Promise<string[]> {
  const { json } = await fhir.call('GET', `/Observation?${query}`)
  return (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id).toSorted()
}

test.each([
  [`code:in=${LEFT}`, ['left-lung']],
  ['code:in=ValueSet/left', ['left-lung']],
  [`code:not-in=${LEFT}`, ['hand', 'liver', 'lung', 'right-lung']],
  [`code:below=${ORGANS}|lung`, ['left-lung', 'lung', 'right-lung']],
  [`code:above=${ORGANS}|left-lung`, ['left-lung', 'lung']],
  [`code:below=${ORGANS}|hand`, ['hand']],
  [
    'status:in=http://hl7.org/fhir/ValueSet/observation-status',
    ['hand', 'left-lung', 'liver', 'lung', 'right-lung'],
  ],
])('%s', async (query, ids) => expect(await found(query)).toEqual(ids))

test('a change of the value set or of the code system changes what is found', async () => {
  const include = [{ system: ORGANS, concept: [{ code: 'liver' }] }]
  await fhir.call('PUT', '/ValueSet/left', { ...left, compose: { include } })
  expect(await found(`code:in=${LEFT}`)).toEqual(['liver'])
  await fhir.call('PUT', '/CodeSystem/organs', {
    ...system,
    concept: [{ code: 'lung', concept: [{ code: 'hand' }] }],
  })
  expect(await found(`code:below=${ORGANS}|lung`)).toEqual(['hand', 'lung'])
})

test.each([
  ['code:in=http://example.org/ValueSet/none', 'value-set-unknown'],
  ['code:in=http://hl7.org/fhir/ValueSet/body-site', 'code-system-unknown'],
  ['code:below=http://snomed.info/sct|404684003', 'code-system-unknown'],
])('%s is refused by name', async (query, code) => {
  const { status, json } = await fhir.call('GET', `/Observation?${query}`)
  expect([status, json.issue[0].details.coding[0].code]).toEqual([400, code])
})

test("another tenant's value set is not known", async () => {
  const base = fhir.base.replace('/t/test/', '/t/other/')
  const { status, json } = await fhir.call('GET', `${base}/Observation?code:in=${LEFT}`, undefined, {
    authorization: 'Bearer other',
  })
  expect([status, json.issue[0].details.coding[0].code]).toEqual([400, 'value-set-unknown'])
})
