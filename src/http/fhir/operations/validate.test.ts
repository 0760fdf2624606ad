import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  birthPlace,
  bloodPressure,
  frenchPatient,
  identifierOf,
  OWN,
  structure,
} from '../../../fhir/profiles/testing/structures.ts'
import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  for (const each of [frenchPatient, birthPlace, bloodPressure]) {
    const { status, text } = await fhir.call('PUT', `/StructureDefinition/${String(each['id'])}`, each)
    if (status !== 201) throw new Error(text)
  }
})
afterAll(() => fhir[Symbol.asyncDispose]())

const PROFILE = `${OWN}fr-patient`
const good = {
  resourceType: 'Patient',
  meta: { profile: [PROFILE] },
  identifier: [identifierOf('PI', '42')],
  name: [{ family: 'Moreau' }],
  birthDate: '1980-02-03',
}
const { name: _name, ...nameless } = good

const codesOf = (outcome: {
  issue: { severity: string; expression?: string[]; details: { coding?: { code: string }[] } }[]
}) =>
  outcome.issue.map(
    ({ severity, expression, details }) =>
      `${severity} ${details.coding?.[0]?.code ?? 'r4'} ${expression?.join() ?? ''}`,
  )
const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })

describe('a write', () => {
  test('is held to the profiles that it names', async () => {
    expect((await fhir.call('POST', '/Patient', good)).status).toBe(201)
    const { status, json } = await fhir.call('POST', '/Patient', nameless)
    expect(status).toBe(422)
    expect(codesOf(json)).toEqual(['error profile-min Patient.name'])
    expect(json.issue[0]).toMatchObject({
      code: 'required',
      details: { text: 'There must be 1 name at least.' },
      diagnostics: `There must be 1 name at least. (${PROFILE}#Patient.name)`,
    })
  })

  test('is told in the language of the caller', async () => {
    const { json } = await fhir.call('POST', '/Patient', nameless, { 'accept-language': 'fr' })
    expect(json.issue[0].details.text).toBe('Il faut au moins 1 name.')
  })

  test('that names what nobody has is taken', async () => {
    const { status } = await fhir.call('POST', '/Patient', {
      ...nameless,
      meta: { profile: ['https://nowhere.example/p'] },
    })
    expect(status).toBe(201)
  })

  test('of another tenant does not know our profiles', async () => {
    const { status } = await fhir.call('POST', `${fhir.origin}/t/other/fhir/Patient`, nameless, {
      authorization: 'Bearer other',
    })
    expect(status).toBe(201)
  })

  test('is held to a profile as it is now', async () => {
    const url = `${OWN}changing`
    const version = (min: number) =>
      fhir.call(
        'PUT',
        '/StructureDefinition/changing',
        structure('changing', 'Patient', [{ path: 'Patient.telecom', min }]),
      )
    const patient = { resourceType: 'Patient', meta: { profile: [url] } }
    expect((await fhir.call('POST', '/Patient', patient)).status).toBe(201)
    await version(1)
    expect((await fhir.call('POST', '/Patient', patient)).status).toBe(422)
    await version(0)
    expect((await fhir.call('POST', '/Patient', patient)).status).toBe(201)
    await version(1)
    await fhir.call('DELETE', '/StructureDefinition/changing')
    expect((await fhir.call('POST', '/Patient', patient)).status).toBe(201)
  })

  test('in a transaction is told by its entry', async () => {
    const entry = (resource: object) => ({ request: { method: 'POST', url: 'Patient' }, resource })
    const { status, json } = await fhir.call('POST', '/', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [entry(good), entry(nameless)],
    })
    expect(status).toBe(422)
    expect(codesOf(json)).toEqual(['error profile-min Bundle.entry[1].resource.name'])
  })

  test('is held to a value set of the tenant, as it is now', async () => {
    const valueSet = (code: string) =>
      fhir.call('PUT', '/ValueSet/rooms', {
        resourceType: 'ValueSet',
        id: 'rooms',
        url: 'https://cabinet.example/fhir/ValueSet/rooms',
        status: 'active',
        compose: { include: [{ system: 'urn:oid:1.2.3', concept: [{ code }] }] },
      })
    await fhir.call(
      'PUT',
      '/StructureDefinition/placed',
      structure('placed', 'Location', [
        {
          path: 'Location.type',
          binding: { strength: 'required', valueSet: 'https://cabinet.example/fhir/ValueSet/rooms' },
        },
      ]),
    )
    const location = {
      resourceType: 'Location',
      meta: { profile: [`${OWN}placed`] },
      type: [{ coding: [{ system: 'urn:oid:1.2.3', code: 'B2' }] }],
    }
    await valueSet('A1')
    const refused = await fhir.call('POST', '/Location', location)
    expect(codesOf(refused.json)).toEqual(['error profile-binding Location.type[0]'])
    await valueSet('B2')
    expect((await fhir.call('POST', '/Location', location)).status).toBe(201)
  })

  test('of a rule that takes for ever is refused, and the server goes on', { timeout: 20_000 }, async () => {
    await fhir.call(
      'PUT',
      '/StructureDefinition/endless',
      structure('endless', 'Patient', [
        {
          path: 'Patient',
          constraint: [
            {
              key: 'e-1',
              severity: 'error',
              human: 'Endless',
              expression: `name.family.matches('^(a+)+$')`,
            },
          ],
        },
      ]),
    )
    const endless = {
      resourceType: 'Patient',
      meta: { profile: [`${OWN}endless`] },
      name: [{ family: `${'a'.repeat(40)}!` }],
    }
    const { status, json } = await fhir.call('POST', '/Patient', endless)
    expect(status).toBe(422)
    expect(json.issue[0]).toMatchObject({ code: 'too-costly' })
    expect((await fhir.call('POST', '/Patient', good)).status).toBe(201)
  })
})

describe('$validate', () => {
  test('answers 200 with what is wrong, advice included, and keeps nothing', async () => {
    const total = async () => (await fhir.call('GET', '/Patient?_total=accurate&_count=0')).json.total
    const before = await total()
    const { status, json } = await fhir.call('POST', '/Patient/$validate', { ...nameless, gender: 'unclear' })
    expect(status).toBe(200)
    expect(codesOf(json)).toEqual([
      'error r4 Patient.gender',
      'warning r4 Patient',
      'error profile-min Patient.name',
    ])
    expect(fhir.validator.validate(json, 'OperationOutcome')).toEqual([])
    expect(await total()).toBe(before)
  })

  test('says so when nothing is wrong', async () => {
    const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' }
    const { json } = await fhir.call(
      'POST',
      '/Patient/$validate',
      { ...good, text },
      { 'accept-language': 'de' },
    )
    expect(json.issue).toEqual([
      { severity: 'information', code: 'informational', details: { text: 'Keine Probleme gefunden.' } },
    ])
  })

  test('checks against the profiles that are wanted, beside those that are named', async () => {
    const plain = { resourceType: 'Patient' }
    const wanted = parameters(
      { name: 'resource', resource: plain },
      { name: 'mode', valueCode: 'profile' },
      { name: 'profile', valueCanonical: PROFILE },
      { name: 'profile', valueUri: 'http://hl7.org/fhir/StructureDefinition/Patient' },
    )
    const { json } = await fhir.call('POST', '/Patient/$validate', wanted)
    expect(codesOf(json)).toContain('error profile-min Patient.name')
    const byQuery = await fhir.call(
      'POST',
      `/Patient/$validate?profile=${encodeURIComponent(PROFILE)}`,
      plain,
    )
    expect(byQuery.json).toEqual(json)
  })

  test('can not be asked for a profile that is not here, or for none', async () => {
    const unknown = await fhir.call('POST', '/Patient/$validate?profile=https://nowhere.example/p', good)
    expect(unknown).toMatchObject({ status: 400, json: { issue: [{ code: 'not-found' }] } })
    expect((await fhir.call('POST', '/Patient/$validate?mode=profile', good)).status).toBe(400)
  })

  test('warns of a named profile that is not here', async () => {
    const named = { ...good, meta: { profile: ['https://nowhere.example/p'] } }
    const { json } = await fhir.call('POST', '/Patient/$validate', named)
    expect(codesOf(json)).toContain('warning profile-unknown Patient.meta.profile[0]')
  })

  test('of a stored resource needs none to be sent', async () => {
    await fhir.call('PUT', '/Patient/kept', { resourceType: 'Patient', id: 'kept' })
    const query = `profile=${encodeURIComponent(PROFILE)}`
    const { status, json } = await fhir.call('GET', `/Patient/kept/$validate?${query}`)
    expect(status).toBe(200)
    expect(codesOf(json)).toContain('error profile-min Patient.name')
    expect((await fhir.call('GET', '/Patient/nobody/$validate')).status).toBe(404)
    expect((await fhir.call('GET', `/Patient/$validate?${query}`)).status).toBe(400)
  })

  test('as an update looks at the id and at the version', async () => {
    await fhir.call('PUT', '/Patient/kept', { resourceType: 'Patient', id: 'kept' })
    const validate = (id: string, headers = {}) =>
      fhir.call('POST', '/Patient/kept/$validate?mode=update', { ...good, id }, headers)
    expect(codesOf((await validate('kept', { 'if-match': 'W/"1"' })).json)).toEqual(['warning r4 Patient'])
    expect(codesOf((await validate('other', { 'if-match': 'W/"7"' })).json)).toEqual([
      'error resource-id-mismatch Patient.id',
      'error version-mismatch ',
      'warning r4 Patient',
    ])
  })

  test('as an update finds what only the store would find', async () => {
    await fhir.call('PUT', '/Patient/whole', { ...good, id: 'whole' })
    const part = {
      resourceType: 'Patient',
      id: 'whole',
      meta: {
        tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }],
      },
    }
    const { json } = await fhir.call('POST', '/Patient/whole/$validate?mode=update', part)
    expect(codesOf(json)[0]).toBe('error resource-subsetted Patient.meta.tag')
    expect((await fhir.call('GET', '/Patient/whole')).json.meta.versionId).toBe('1')
    const fine = await fhir.call('POST', '/Patient/whole/$validate?mode=update', { ...good, id: 'whole' })
    expect(codesOf(fine.json)).toEqual(['warning r4 Patient'])
  })

  test('as a create or a deletion looks at references', async () => {
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/not-there' },
    }
    const dangling = await fhir.call('POST', '/Observation/$validate?mode=create', observation)
    expect(codesOf(dangling.json)).toContain('error reference-not-found Observation.subject.reference')
    await fhir.call('PUT', '/Patient/named', { ...good, id: 'named' })
    const there = { ...observation, id: 'names', subject: { reference: 'Patient/named' } }
    await fhir.call('PUT', '/Observation/names', there)
    const { status, json } = await fhir.call('GET', '/Patient/named/$validate?mode=delete')
    expect(status).toBe(200)
    expect(json.issue).toMatchObject([{ severity: 'error' }])
    expect(JSON.stringify(json)).toContain('Observation/names')
    expect((await fhir.call('GET', '/Patient/named')).status).toBe(200)
  })

  test('as a create writes nothing, not even a name', async () => {
    const before = await fhir.database.ownerQuery('select count(*) from passerelle.resource')
    const { json } = await fhir.call('POST', '/Patient/$validate?mode=create', good)
    expect(codesOf(json)).toEqual(['warning r4 Patient'])
    expect(await fhir.database.ownerQuery('select count(*) from passerelle.resource')).toEqual(before)
  })

  test('as a create or a deletion looks at what the token allows', async () => {
    const token = `Bearer ${fhir.database.tenantKey}~ru`
    const created = await fhir.call('POST', '/Patient/$validate?mode=create', good, { authorization: token })
    expect(codesOf(created.json)[0]).toBe('error scope-insufficient ')
    const deleted = await fhir.call('POST', '/Patient/kept/$validate?mode=delete', undefined, {
      authorization: token,
    })
    expect(codesOf(deleted.json)).toEqual(['error scope-insufficient '])
  })

  test('as a deletion ignores what is sent', async () => {
    await fhir.call('PUT', '/Patient/doomed', { resourceType: 'Patient', id: 'doomed' })
    const allowed = await fhir.call('GET', '/Patient/doomed/$validate?mode=delete')
    expect(allowed.json.issue).toMatchObject([{ severity: 'information' }])
    expect((await fhir.call('GET', '/Patient/doomed')).status).toBe(200)
    const nobody = await fhir.call(
      'POST',
      '/Patient/nobody/$validate',
      parameters({ name: 'mode', valueCode: 'delete' }),
    )
    expect(codesOf(nobody.json)).toEqual(['error validate-deletion-missing '])
  })

  test.each([
    ['/Patient/$validate?mode=update', 'validate-mode-instance'],
    ['/Patient/$validate?mode=delete', 'validate-mode-instance'],
    ['/Patient/$validate?mode=guess', 'validate-mode'],
    ['/Patient/$validate?colour=red', 'parameter-unknown'],
  ])('%s is 400', async (path, code) => {
    const { status, json } = await fhir.call('POST', path, good)
    expect({ status, code: json.issue[0].details.coding[0].code }).toEqual({ status: 400, code })
  })

  test('of another type than the address is a finding', async () => {
    const { status, json } = await fhir.call('POST', '/Observation/$validate', good)
    expect(status).toBe(200)
    expect(codesOf(json)[0]).toBe('error resource-type-mismatch resourceType')
  })

  test('repeats no data of the resource', async () => {
    const secret = 'SECRET-DATA'
    const { text } = await fhir.call('POST', '/Patient/$validate', {
      ...good,
      meta: { profile: [PROFILE, `née ${secret}`] },
      gender: secret,
      birthDate: secret,
      [`x ${secret}`]: 1,
      telecom: [{ system: secret }],
      generalPractitioner: [{ reference: `Nobody/${secret}` }],
    })
    expect(text).not.toContain(secret)
    const rows = await fhir.audits()
    expect(JSON.stringify(rows)).not.toContain(secret)
  })

  test('asks for a token that may do something with the type', async () => {
    const authorization = `Bearer ${fhir.database.tenantKey}~s`
    expect((await fhir.call('POST', '/Patient/$validate', good, { authorization })).status).toBe(403)
    expect((await fhir.call('GET', '/Patient/kept/$validate', undefined, { authorization })).status).toBe(403)
  })

  test('takes and gives XML', async () => {
    const xml = { 'content-type': 'application/fhir+xml', accept: 'application/fhir+xml' }
    const sent = '<Patient xmlns="http://hl7.org/fhir"><gender value="unclear"/></Patient>'
    const { status, text } = await fhir.call('POST', '/Patient/$validate', sent, xml)
    expect(status).toBe(200)
    expect(text).toContain('<OperationOutcome xmlns="http://hl7.org/fhir">')
    expect(text).toContain('<expression value="Patient.gender"/>')
  })

  test('works in a batch', async () => {
    const { json } = await fhir.call('POST', '/', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'POST', url: 'Patient/$validate' }, resource: nameless }],
    })
    expect(codesOf(json.entry[0].resource)).toContain('error profile-min Patient.name')
  })
})
