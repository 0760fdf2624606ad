import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { parseExactObject } from '../kernel/json.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import { auditStatement, type AuditRow } from '../store/index.ts'
import { makeAuditEvents } from './audit-events.ts'
import { accessRow } from './testing.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const at = (text: string) => Date.parse(text)

function eventsOf({ db }: TestDatabase) {
  const paris = makeTimeZone('Europe/Paris')
  return makeAuditEvents({ db, clock: { now: () => now }, zoneOf: () => paris })
}

async function found(database: TestDatabase, query: string): Promise<string[]> {
  const { entries } = await eventsOf(database).search(database.tenant, new URLSearchParams(query))
  return entries.map(({ body }) => JSON.parse(body).agent[0].who.display)
}

const named = (id: string, parts: Partial<AuditRow>): AuditRow =>
  accessRow({ agent: { id, kind: 'client' }, ...parts })

/** Named by their agent, in the order of time. */
async function withTrail(): Promise<TestDatabase> {
  const database = await testDatabase()
  const rows = [
    named('reader', { at: at('2026-01-31T22:30:00Z') }),
    named('writer', {
      at: at('2026-01-31T23:30:00Z'),
      interaction: 'create',
      action: 'C',
      entities: [{ type: 'Patient', id: 'pat-2', version: 1 }],
      patients: ['pat-2'],
    }),
    named('searcher', {
      at: at('2026-02-10T10:00:00Z'),
      interaction: 'search-type',
      action: 'E',
      query: 'code=1234-5&date=ge2026',
      entities: [
        { type: 'Observation', id: 'obs-1' },
        { type: 'Observation', id: 'pat-1' },
      ],
      patients: ['pat-1', 'pat-2'],
    }),
    named('refused', {
      at: at('2026-02-11T10:00:00Z'),
      outcome: 4,
      patients: [],
      entities: [{ type: 'Observation', id: 'obs-9' }],
    }),
    named('guesser', {
      at: at('2026-02-12T10:00:00Z'),
      kind: 'token',
      interaction: 'token',
      action: 'E',
      outcome: 4,
      entities: [],
      patients: [],
    }),
    named('lab', {
      at: at('2026-02-13T10:00:00Z'),
      kind: 'hl7',
      interaction: 'message-received',
      action: 'C',
      detail: { controlId: 'MSG1' },
    }),
    named('deleter', { at: at('2026-02-14T10:00:00Z'), interaction: 'delete', action: 'D' }),
  ]
  for (const row of rows) await database.db.query(database.tenant, auditStatement([row]))
  return database
}

let trail: TestDatabase
beforeAll(async () => {
  trail = await withTrail()
})
afterAll(() => trail[Symbol.asyncDispose]())

test.each([
  ['', ['deleter', 'lab', 'guesser', 'refused', 'searcher', 'writer', 'reader']],
  ['_sort=date', ['reader', 'writer', 'searcher', 'refused', 'guesser', 'lab', 'deleter']],
  ['date=2026-01', ['reader']], // in Paris the second one is of February
  ['date=2026-02-01', ['writer']],
  ['date=gt2026-02-12', ['deleter', 'lab']],
  ['date=ge2026-02-12', ['deleter', 'lab', 'guesser']],
  ['date=lt2026-02-01', ['reader']],
  ['date=le2026-02-01', ['writer', 'reader']],
  ['date=ne2026-02', ['reader']],
  ['date=ge2026-02-10&date=le2026-02-11', ['refused', 'searcher']],
  ['date=2026-02-14,2026-01-31', ['deleter', 'reader']],
  ['date=2026-02-10T10:00:00Z', ['searcher']],
  ['agent=reader', ['reader']],
  ['agent=reader,writer', ['writer', 'reader']],
  ['agent=Device/reader', ['reader']],
  ['agent:identifier=urn:passerelle:client|reader', ['reader']],
  ['agent=nobody', []],
  ['patient=pat-2', ['searcher', 'writer']],
  ['patient=Patient/pat-2', ['searcher', 'writer']],
  ['patient=pat-1', ['deleter', 'lab', 'searcher', 'reader']],
  ['entity=Observation/pat-1', ['searcher']],
  ['entity=Patient/pat-1', ['deleter', 'lab', 'searcher', 'reader']],
  ['entity:Patient=pat-2', ['searcher', 'writer']],
  ['entity=obs-1', ['deleter', 'lab', 'searcher', 'reader']],
  ['entity=Observation/obs-1/_history/2', ['deleter', 'lab', 'searcher', 'reader']],
  ['entity=Observation/obs-1&patient=pat-2', ['searcher']],
  ['entity=Observation/obs', []],
  ['action=D', ['deleter']],
  ['action=R', ['refused', 'reader']],
  ['action=C,D', ['deleter', 'lab', 'writer']],
  ['outcome=4', ['guesser', 'refused']],
  ['outcome=0&action=R', ['reader']],
  ['outcome=0,8', ['deleter', 'lab', 'searcher', 'writer', 'reader']],
  ['type=rest', ['deleter', 'refused', 'searcher', 'writer', 'reader']],
  ['type=110114', ['guesser']],
  ['type=http://dicom.nema.org/resources/ontology/DCM|110107', ['lab']],
  ['type=http://elsewhere|rest', []],
  ['type=http://dicom.nema.org/resources/ontology/DCM|', ['lab', 'guesser']],
  ['subtype=delete', ['deleter']],
  ['subtype=http://hl7.org/fhir/restful-interaction|read', ['refused', 'reader']],
  ['subtype=110122', ['guesser']],
  ['subtype=receive', ['lab']],
  ['subtype=vread', []],
  ['_lastUpdated=ge2026-02-13', ['deleter', 'lab']],
  ['_id=1', []],
  ['_id=x', []],
])('AuditEvent?%s finds %s', async (query, expected) => {
  expect(await found(trail, query)).toEqual(expected)
})

test.each([
  ['family=x', 'search-parameter'],
  ['agent:exact=x', 'search-modifier'],
  ['patient:Observation=1', 'search-modifier'],
  ['patient=Observation/1', 'search-reference-type'],
  ['entity=Observation/obs_1', 'search-reference'],
  ['date=yesterday', 'search-date'],
  ['date=2026-13', 'search-date'],
  ['action=X', 'search-code'],
  ['outcome=5', 'search-code'],
  ['outcome=', 'search-value-empty'],
  ['type=|', 'search-token'],
  ['_sort=agent', 'search-sort'],
  ['_count=-1', 'search-count'],
  ['_total=maybe', 'search-total'],
])('AuditEvent?%s is refused as %s, and the value is not repeated', async (query, code) => {
  const failure = await found(trail, query).catch((error: unknown) => error)
  expect(failure).toMatchObject({ kind: 'invalid', code })
})

test('pages show every access once, also while new ones come in, in both orders', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const events = eventsOf(database)
  const record = (count: number) =>
    db.query(tenant, auditStatement(Array.from({ length: count }, () => accessRow({ at: now }))))
  await record(25)
  for (const sort of ['-date', 'date']) {
    const seen = new Set<string>()
    const before = (
      await events.search(tenant, new URLSearchParams(`_sort=${sort}&_count=1000`))
    ).entries.map(({ id }) => id)
    let cursor: string | undefined
    do {
      const page = await events.search(
        tenant,
        new URLSearchParams(`patient=pat-1&_count=10&_sort=${sort}`),
        cursor,
      )
      for (const { id } of page.entries) {
        expect(seen).not.toContain(id)
        seen.add(id)
      }
      if (sort === '-date') await record(1)
      cursor = page.next
    } while (cursor !== undefined)
    expect([...seen]).toEqual(before)
  }
})

test('_total=accurate counts, _count=0 shows none', async () => {
  const page = await eventsOf(trail).search(
    trail.tenant,
    new URLSearchParams('outcome=0&_total=accurate&_count=0'),
  )
  expect(page).toEqual({ entries: [], total: 5 })
})

test.each(['x', '-1', '9999999999999999999', '1e3'])('the cursor %s is refused', async (cursor) => {
  const search = eventsOf(trail).search(trail.tenant, new URLSearchParams(), cursor)
  await expect(search).rejects.toMatchObject({ code: 'search-cursor' })
})

test('a tenant sees its own trail only', async () => {
  const database = trail
  const other = await database.addTenant('other')
  const events = eventsOf(database)
  expect((await events.search(other, new URLSearchParams('patient=pat-1&_total=accurate'))).entries).toEqual(
    [],
  )
  const [mine] = (await events.search(database.tenant, new URLSearchParams())).entries
  expect(await events.read(database.tenant, mine!.id)).toEqual(mine)
  expect(await events.read(other, mine!.id)).toBeUndefined()
})

test('any combination of criteria finds what a plain filter finds', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const ids = fc.constantFrom('a', 'b', 'c')
  const row: fc.Arbitrary<AuditRow> = fc.record({
    at: fc.integer({ min: now - 5 * 86_400_000, max: now }),
    kind: fc.constantFrom('rest', 'token', 'hl7'),
    interaction: fc.constantFrom('read', 'vread', 'delete', 'token'),
    action: fc.constantFrom('C', 'R', 'D', 'E'),
    outcome: fc.constantFrom(0, 4, 8),
    agent: fc.record({ id: ids, kind: fc.constant('client') }),
    entities: fc.array(fc.record({ type: fc.constantFrom('Patient', 'Observation'), id: ids }), {
      maxLength: 3,
    }),
    patients: fc.uniqueArray(ids, { maxLength: 2 }),
  })
  const rows = fc.sample(row, { numRuns: 300, seed: 7 })
  await db.query(tenant, auditStatement(rows))

  const criterion = fc.oneof(
    fc.uniqueArray(ids, { minLength: 1 }).map((all) => ({
      query: `agent=${all.join()}`,
      fits: (r: AuditRow) => (all as string[]).includes(r.agent.id),
    })),
    fc.uniqueArray(ids, { minLength: 1 }).map((all) => ({
      query: `patient=${all.join()}`,
      fits: (r: AuditRow) =>
        all.some(
          (id) => r.patients.includes(id) || r.entities.some((e) => e.type === 'Patient' && e.id === id),
        ),
    })),
    fc.uniqueArray(ids, { minLength: 1 }).map((all) => ({
      query: `entity=${all.map((id) => `Observation/${id}`).join()}`,
      fits: (r: AuditRow) =>
        all.some((id) => r.entities.some((e) => e.type === 'Observation' && e.id === id)),
    })),
    fc.uniqueArray(fc.constantFrom('C', 'R', 'D', 'E'), { minLength: 1 }).map((all) => ({
      query: `action=${all.join()}`,
      fits: (r: AuditRow) => (all as string[]).includes(r.action),
    })),
    fc.uniqueArray(fc.constantFrom(0, 4, 8), { minLength: 1 }).map((all) => ({
      query: `outcome=${all.join()}`,
      fits: (r: AuditRow) => (all as number[]).includes(r.outcome),
    })),
    fc.uniqueArray(fc.constantFrom('read', 'vread', 'delete'), { minLength: 1 }).map((all) => ({
      query: `subtype=${all.join()}`,
      fits: (r: AuditRow) => (all as string[]).includes(r.interaction),
    })),
    fc.integer({ min: 15, max: 21 }).map((day) => ({
      query: `date=ge2026-11-${day}`,
      fits: (r: AuditRow) => r.at >= at(`2026-11-${day}T00:00:00+01:00`),
    })),
  )
  const events = eventsOf(database)
  await fc.assert(
    fc.asyncProperty(fc.array(criterion, { maxLength: 4 }), async (criteria) => {
      const query = [...criteria.map((one) => one.query), '_count=1000', '_total=accurate'].join('&')
      const page = await events.search(tenant, new URLSearchParams(query))
      const expected = rows.filter((r) => criteria.every(({ fits }) => fits(r)))
      expect(page.entries.map(({ lastUpdated }) => at(lastUpdated))).toEqual(
        expected.map((r) => r.at).toSorted((a, b) => b - a),
      )
      expect(page.total).toBe(expected.length)
    }),
    { numRuns: 60 },
  )
})

const submitted = {
  resourceType: 'AuditEvent',
  id: 'from-the-client',
  meta: { profile: ['http://example.org/profile'] },
  type: { system: 'http://example.org/events', code: 'print' },
  subtype: [{ system: 'http://example.org/events', code: 'label' }],
  action: 'E',
  recorded: '2026-03-05T08:00:00.000+01:00',
  outcome: '8',
  agent: [
    { who: { display: 'Printer' }, requestor: false, altId: 'printer-1' },
    { who: { reference: 'Practitioner/dr-1' }, requestor: true },
  ],
  source: { observer: { display: 'Print server' } },
  entity: [{ what: { reference: 'Patient/pat-7' } }],
}

test('an AuditEvent that a client sends comes back word for word, with an id and a version of ours', async () => {
  await using database = await testDatabase()
  const events = eventsOf(database)
  const { id, body } = await events.create(database.tenant, parseExactObject(JSON.stringify(submitted)))
  expect(id).not.toBe(submitted.id)
  expect(JSON.parse(body)).toEqual({
    ...submitted,
    id,
    meta: { ...submitted.meta, versionId: '1', lastUpdated: '2026-11-20T12:00:00.000Z' },
  })
  expect(body.startsWith(`{"resourceType":"AuditEvent","id":"${id}",`)).toBe(true)
  expect((await events.read(database.tenant, id))?.body).toBe(body)
})

test.each([
  'date=2026-03-05',
  'agent=Practitioner/dr-1',
  'agent=dr-1',
  'agent=printer-1',
  'patient=pat-7',
  'entity=Patient/pat-7',
  'outcome=8',
  'action=E',
  'type=print',
  'type=http://example.org/events|print',
  'subtype=label',
  '_lastUpdated=2026-11-20',
])('an AuditEvent that a client sent is found by %s', async (query) => {
  await using database = await testDatabase()
  const events = eventsOf(database)
  await database.db.query(
    database.tenant,
    auditStatement([accessRow({ at: at('2026-03-06T08:00:00Z'), interaction: 'vread' })]),
  )
  const { id } = await events.create(database.tenant, parseExactObject(JSON.stringify(submitted)))
  const { entries } = await events.search(database.tenant, new URLSearchParams(query))
  expect(entries.map((entry) => entry.id)).toEqual([id])
})

test('an AuditEvent from before 1970 is refused', async () => {
  await using database = await testDatabase()
  const event = parseExactObject(JSON.stringify({ ...submitted, recorded: '1969-12-31T00:00:00Z' }))
  await expect(eventsOf(database).create(database.tenant, event)).rejects.toMatchObject({
    code: 'audit-event-recorded',
  })
})
