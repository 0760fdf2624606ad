import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

let fhir: TestFhir
let admin: Record<string, string>
beforeAll(async () => {
  fhir = await startFhir()
  admin = { authorization: `Bearer ${fhir.database.tenantKey}~cruds~~admin` }
})
afterAll(() => fhir[Symbol.asyncDispose]())

const call = (method: string, path: string, body?: unknown) => fhir.call(method, path, body, admin)

function definition(code: string, more: object = {}) {
  return {
    resourceType: 'SearchParameter',
    id: code,
    url: `http://example.org/sp/${code}`,
    name: 'Own',
    description: 'Own',
    status: 'active',
    code,
    base: ['Practitioner'],
    type: 'string',
    expression: `Practitioner.extension('http://example.org/${code}').value`,
    ...more,
  }
}

async function putPractitioners(count: number): Promise<void> {
  const entry = Array.from({ length: count }, (_, i) => ({
    resource: {
      resourceType: 'Practitioner',
      id: `p${i}`,
      extension: [{ url: 'http://example.org/team', valueString: `Team ${i % 3}` }],
    },
    request: { method: 'PUT', url: `Practitioner/p${i}` },
  }))
  await fhir.call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })
}

/** Of a Parameters resource, by name; of those that repeat the last. */
function valuesIn(json: { parameter: Record<string, unknown>[] }): Record<string, unknown> {
  return Object.fromEntries(
    json.parameter.map(({ name, ...value }) => [name as string, Object.values(value)[0]]),
  )
}

const codeOf = ({ json }: { json: { issue: { details: { coding: { code: string }[] } }[] } }) =>
  json.issue[0]!.details.coding[0]!.code

test('a definition serves what was there before it once a $reindex is done, whose progress can be asked for', async () => {
  await putPractitioners(30)
  await fhir.call('PUT', '/SearchParameter/team', definition('team'))
  expect(codeOf(await fhir.call('GET', '/Practitioner?team=team'))).toBe('search-parameter-not-indexed')

  fhir.queue.isOpen = false
  const begun = await call('POST', '/Practitioner/$reindex')
  expect(begun.status, begun.text).toBe(202)
  const location = begun.headers.get('content-location')!
  expect(location).toMatch(/\/fhir\/_reindex\/[0-9a-f-]{36}$/)
  expect(valuesIn(begun.json)).toEqual({ status: location })
  const waiting = await call('GET', location)
  expect(waiting.status).toBe(202)
  expect(waiting.headers.get('x-progress')).toBe('waiting')
  expect(valuesIn(waiting.json)).toMatchObject({ status: 'waiting', type: 'Practitioner', seen: 0 })
  // The same again is the same pass; another one has to wait.
  expect((await call('POST', '/Practitioner/$reindex')).headers.get('content-location')).toBe(location)
  const other = await call('POST', '/Patient/$reindex')
  expect({ status: other.status, code: codeOf(other) }).toEqual({ status: 409, code: 'reindex-busy' })
  expect(location).toContain(/_reindex\/[0-9a-f-]+/.exec(other.text)![0])

  fhir.queue.isOpen = true
  await call('POST', '/Practitioner/$reindex')
  await Promise.all(fhir.queue.running)
  const done = await call('GET', location)
  expect(done.status).toBe(200)
  expect(fhir.validator.validate(done.json, 'Parameters')).toEqual([])
  expect(valuesIn(done.json)).toMatchObject({ status: 'done', total: 30, seen: 30, changed: 30, failed: 0 })
  const { json } = await fhir.call('GET', '/Practitioner?team=team 1&_count=0&_total=accurate')
  expect(json.total).toBe(10)
  expect((await fhir.call('GET', '/metadata')).text).toContain('http://example.org/sp/team')
})

test('of all types, or of some', async () => {
  const of = async (path: string, body?: unknown) => {
    const { status, headers } = await call('POST', path, body)
    expect(status).toBe(202)
    await Promise.all(fhir.queue.running)
    return call('GET', headers.get('content-location')!)
  }
  const whole = await of('/$reindex')
  expect(whole.json.parameter.filter(({ name }: { name: string }) => name === 'type')).toHaveLength(145)
  expect(valuesIn(whole.json)).toMatchObject({ status: 'done', changed: 0, seen: 31 })
  const some = await of('/$reindex?type=Practitioner&type=Patient')
  expect(valuesIn(some.json)).toMatchObject({ status: 'done', seen: 30 })
  for (const path of ['/$reindex?type=Nothing', '/AuditEvent/$reindex', '/Patient/$reindex?type=Patient'])
    expect([path, (await call('POST', path)).status]).toEqual([path, path.includes('Audit') ? 405 : 400])
})

test('can be ended, and what it would have done is still to do', async () => {
  await fhir.call('PUT', '/SearchParameter/room', definition('room'))
  fhir.queue.isOpen = false
  const { headers } = await call('POST', '/$reindex')
  const location = headers.get('content-location')!
  expect((await call('DELETE', location)).status).toBe(202)
  const again = await call('DELETE', location)
  expect({ status: again.status, code: codeOf(again) }).toEqual({ status: 409, code: 'reindex-ended' })
  expect(valuesIn((await call('GET', location)).json)).toMatchObject({ status: 'cancelled' })
  expect(codeOf(await fhir.call('GET', '/Practitioner?room=x'))).toBe('search-parameter-not-indexed')
  fhir.queue.isOpen = true
})

test('is for administrators of the tenant, and leaves its audit rows', async () => {
  const { headers } = await call('POST', '/$reindex')
  const location = headers.get('content-location')!
  for (const [method, path] of [
    ['POST', '/$reindex'],
    ['POST', '/Patient/$reindex'],
    ['GET', location],
    ['DELETE', location],
  ] as const) {
    const refused = await fhir.call(method, path)
    expect({ path, status: refused.status }).toEqual({ path, status: 403 })
  }
  expect((await call('GET', '/$reindex')).status).toBe(405)
  const id = location.split('/').at(-1)!
  const elsewhere = await fhir.call('GET', `${fhir.origin}/t/other/fhir/_reindex/${id}`, undefined, {
    authorization: 'Bearer other~cruds~~admin',
  })
  expect(elsewhere.status).toBe(404)
  expect((await call('GET', '/_reindex/nothing')).status).toBe(404)
  const rows = await fhir.audits()
  expect(rows).toContainEqual(
    expect.objectContaining({
      interaction: 'operation',
      outcome: 0,
      detail: expect.objectContaining({ operation: '$reindex' }),
    }),
  )
  expect(rows).toContainEqual(
    expect.objectContaining({
      outcome: 4,
      detail: expect.objectContaining({ operation: '$reindex', status: 403 }),
    }),
  )
})
