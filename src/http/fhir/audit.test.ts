import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
})
afterAll(() => fhir[Symbol.asyncDispose]())

const patient = { resourceType: 'Patient', active: true }

/** The audit rows that the calls leave. */
async function rowsOf(calls: () => Promise<unknown>) {
  const before = (await fhir.audits()).length
  await calls()
  return (await fhir.audits()).slice(before)
}

test('each interaction leaves one row, there before its answer is', async () => {
  const rows = await rowsOf(async () => {
    await fhir.call('PUT', '/Patient/seen', { ...patient, id: 'seen' }, { 'x-request-id': 'r-1' })
    await fhir.call('GET', '/Patient/seen')
    await fhir.call('GET', '/Patient/seen/_history/1')
    await fhir.call('GET', '/Patient/seen/_history')
    await fhir.call('PUT', '/Patient/seen', { resourceType: 'Patient', id: 'seen', active: false })
    await fhir.call('DELETE', '/Patient/seen')
    await fhir.call('GET', '/metadata')
  })
  expect(
    rows.map(({ interaction, action, outcome, entities }) => [interaction, action, outcome, entities]),
  ).toEqual([
    ['update', 'U', 0, 'Patient/seen/_history/1'],
    ['read', 'R', 0, 'Patient/seen/_history/1'],
    ['vread', 'R', 0, 'Patient/seen/_history/1'],
    ['history-instance', 'R', 0, 'Patient/seen/_history/1'],
    ['update', 'U', 0, 'Patient/seen/_history/2'],
    ['delete', 'D', 0, 'Patient/seen/_history/3'],
    ['capabilities', 'R', 0, ''],
  ])
  expect(rows[0]).toMatchObject({
    agent: 'tester',
    detail: { status: 201, request: 'r-1' },
    patients: 'seen',
  })
  expect(rows[6]).toMatchObject({ agent: 'anonymous' })
})

test('an answer from the client’s own copy is an access too', async () => {
  await fhir.call('PUT', '/Patient/copied', { ...patient, id: 'copied' })
  const rows = await rowsOf(() =>
    fhir.call('GET', '/Patient/copied', undefined, { 'if-none-match': 'W/"1"' }),
  )
  expect(rows).toMatchObject([{ interaction: 'read', detail: { status: 304 }, patients: 'copied' }])
})

test('what is refused or fails leaves a row with its status and code', async () => {
  const rows = await rowsOf(async () => {
    await fhir.call('GET', '/Patient/nobody')
    await fhir.call('POST', '/Patient', '{broken')
    await fhir.call('POST', '/Patient', { ...patient, gender: 'blue' })
    await fhir.call('POST', '/Patient', patient, { 'content-type': 'text/plain' })
    await fhir.call('GET', '/Patient/x', undefined, { accept: 'text/turtle' })
    await fhir.call('GET', '/Patience/1')
    await fhir.call('PUT', '/AuditEvent/1', { resourceType: 'AuditEvent', id: '1' })
    await fhir.call('GET', '/Patient/secret', undefined, { authorization: 'Bearer test~c' })
  })
  expect(
    rows.map(({ interaction, outcome, entities, detail }) => [
      interaction,
      outcome,
      entities,
      detail['status'],
      detail['code'],
    ]),
  ).toEqual([
    ['read', 4, 'Patient/nobody', 404, 'resource-not-found'],
    ['create', 4, '', 400, 'json-syntax'],
    ['create', 4, '', 422, 'validation-failed'],
    ['create', 4, '', 415, 'media-type'],
    ['read', 4, 'Patient/x', 406, 'not-acceptable'],
    ['read', 4, '', 404, 'resource-type-unknown'],
    ['update', 4, 'AuditEvent/1', 405, 'interaction-not-offered'],
    ['read', 4, 'Patient/secret', 403, 'scope-insufficient'],
  ])
})

test('a knock without a good token is written in the trail of the tenant whose door it was', async () => {
  const rows = await rowsOf(async () => {
    await fetch(`${fhir.base}/Patient/1?secret=1`)
    await fhir.call('GET', '/Patient/1', undefined, { authorization: 'Bearer forged' })
    await fetch(`${fhir.origin}/t/nowhere/fhir/Patient/1`)
  })
  expect(rows).toMatchObject([
    { agent: 'unknown', tenant: fhir.database.tenant, detail: { status: 401, code: 'token-missing' } },
    { agent: 'unknown', detail: { status: 401, code: 'token-invalid' } },
  ])
})

test('a token of another tenant is written down on both sides, without its name on the other', async () => {
  const rows = await rowsOf(() =>
    fhir.call('GET', '/Patient/1', undefined, { authorization: 'Bearer other' }),
  )
  expect(rows).toMatchObject([
    { tenant: fhir.other, agent: 'tester', detail: { status: 403, code: 'other-tenant' } },
    { tenant: fhir.database.tenant, agent: 'client-of-another-tenant' },
  ])
})

test('the trail is read and searched as AuditEvents, and that leaves its own rows', async () => {
  await fhir.call('PUT', '/Patient/watched', { ...patient, id: 'watched' })
  await fhir.call('GET', '/Patient/watched')
  const found = await fhir.call('GET', '/AuditEvent?patient=Patient/watched&_sort=date')
  expect(found.json).toMatchObject({
    type: 'searchset',
    entry: [
      { resource: { resourceType: 'AuditEvent', action: 'U' }, search: { mode: 'match' } },
      { resource: { action: 'R', subtype: [{ code: 'read' }] } },
    ],
  })
  for (const { resource } of found.json.entry)
    expect(fhir.validator.validate(resource, 'AuditEvent')).toEqual([])
  const { id } = found.json.entry[0].resource
  const read = await fhir.call('GET', `/AuditEvent/${id}`)
  expect(read.json).toEqual(found.json.entry[0].resource)
  const trail = await rowsOf(() => fhir.call('GET', '/AuditEvent?patient=Patient/watched&_count=1'))
  expect(trail).toMatchObject([
    { interaction: 'search-type', query: 'patient=Patient/watched&_count=1', patients: 'watched' },
  ])
})

test('a page of the trail leads to the next, and the cursor is good for nothing else', async () => {
  await fhir.call('PUT', '/Patient/paged', { ...patient, id: 'paged' })
  await fhir.call('GET', '/Patient/paged')
  const first = await fhir.call('GET', '/AuditEvent?patient=Patient/paged&_count=1')
  const next = first.json.link.find((link: { relation: string }) => link.relation === 'next').url as string
  expect(next.startsWith(`${fhir.base}/AuditEvent?`)).toBe(true)
  expect((await fhir.call('GET', next)).json.entry).toMatchObject([{ resource: { action: 'U' } }])
  expect((await fhir.call('GET', next.replace('paged', 'watched'))).status).toBe(400)
  expect((await fhir.call('GET', next.replace('_cursor=', '_cursor=A'))).status).toBe(400)
})

test('a client may add an AuditEvent of its own, which nobody can change', async () => {
  const event = {
    resourceType: 'AuditEvent',
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    recorded: '2026-03-01T10:00:00+01:00',
    agent: [{ who: { display: 'EHR' }, requestor: true }],
    source: { observer: { display: 'EHR' } },
  }
  const created = await fhir.call('POST', '/AuditEvent', event)
  expect(created).toMatchObject({ status: 201, json: event })
  expect((await fhir.call('GET', `/AuditEvent/${created.json.id}`)).json).toMatchObject(event)
  expect((await fhir.call('DELETE', `/AuditEvent/${created.json.id}`)).status).toBe(405)
  expect((await fhir.call('POST', '/AuditEvent', { ...event, recorded: 'soon' })).status).toBe(422)
})

test('what cannot be written down is not answered', async () => {
  await using broken = await startFhir()
  await broken.call('PUT', '/Patient/hidden', { ...patient, id: 'hidden' })
  await broken.database.ownerQuery('revoke insert on passerelle.audit from passerelle_app')
  const { status, headers, text } = await broken.call('GET', '/Patient/hidden')
  expect(status).toBe(503)
  expect(headers.get('retry-after')).toBe('2')
  expect(text).not.toContain('Patient')
})
