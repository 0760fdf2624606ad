import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { loadDefinitions, makeValidator } from '../fhir/index.ts'
import { auditStatement, searchAudit, type AuditRow } from '../store/index.ts'
import { toAuditEvent } from './audit-event.ts'
import { accessRow } from './testing.ts'

const rows: AuditRow[] = [
  accessRow({ detail: { status: 200, request: '0199-req' } }),
  accessRow({
    interaction: 'search-type',
    action: 'E',
    query: 'name=Müller&_count=5',
    patients: ['p1', 'p2'],
  }),
  accessRow({ interaction: 'update', action: 'U', entities: [{ type: 'Patient', id: 'pat-1', version: 3 }] }),
  accessRow({ interaction: 'transaction', action: 'E', entities: [], patients: [] }),
  accessRow({ outcome: 8, detail: { status: 500, code: 'unexpected' }, patients: [] }),
  accessRow({
    kind: 'token',
    interaction: 'token',
    action: 'E',
    outcome: 4,
    entities: [],
    patients: [],
    detail: { error: 'invalid_client' },
  }),
  accessRow({
    kind: 'hl7',
    interaction: 'message-received',
    action: 'C',
    agent: { id: 'LAB|ROUEN', kind: 'device', address: '192.0.2.9' },
    entities: [{ type: 'message', id: '42' }],
    detail: { controlId: 'M-1' },
  }),
  accessRow({
    kind: 'dicom',
    interaction: 'c-store',
    action: 'C',
    agent: { id: 'CT 1', kind: 'device' },
    entities: [{ type: 'ImagingStudy', id: 's-1' }],
  }),
  accessRow({
    kind: 'dicom',
    interaction: 'c-echo',
    action: 'E',
    agent: { id: 'CT 1', kind: 'device' },
    entities: [],
    patients: [],
  }),
  accessRow({
    kind: 'admin',
    interaction: 'client-revoke',
    action: 'D',
    agent: { id: 'cli', kind: 'system' },
    entities: [{ type: 'client', id: 'x:y/z@w' }],
    patients: [],
  }),
  accessRow({ agent: { id: 'Practitioner/dr-1', kind: 'user' } }),
  accessRow({
    kind: 'query',
    interaction: 'patient-demographics-query',
    action: 'E',
    agent: { id: 'BORNE|URGENCES', kind: 'device', address: '192.0.2.9' },
    query: 'QPD|IHE PDQ Query|T1|@PID.5.1^DURAND',
    detail: { controlId: 'Q-1' },
  }),
]

async function projected() {
  await using database = await testDatabase()
  const { db, tenant } = database
  for (const row of rows) await db.query(tenant, auditStatement([row]))
  const { records } = await searchAudit(db, tenant, { filters: [], newestFirst: false, count: 100 })
  return records.map(toAuditEvent)
}

test('every kind of access is a valid R4 AuditEvent', async () => {
  const validator = makeValidator(loadDefinitions())
  const events = await projected()
  expect(events).toHaveLength(rows.length)
  for (const event of events) expect(validator.validate(event, 'AuditEvent')).toEqual([])
})

test('a read says who got which version of what, of which patient, and when', async () => {
  const [event] = await projected()
  expect(event).toEqual({
    resourceType: 'AuditEvent',
    id: expect.stringMatching(/^\d+$/),
    meta: { versionId: '1', lastUpdated: '2026-11-20T09:30:00.123Z' },
    type: expect.objectContaining({
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
    }),
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
    action: 'R',
    recorded: '2026-11-20T09:30:00.123Z',
    outcome: '0',
    agent: [
      {
        type: { coding: [expect.objectContaining({ code: '110152' })] },
        who: {
          type: 'Device',
          identifier: { system: 'urn:passerelle:client', value: 'lab-client' },
          display: 'lab-client',
        },
        requestor: true,
        network: { address: '192.0.2.7', type: '2' },
      },
      {
        type: { coding: [expect.objectContaining({ code: '110153' })] },
        who: { display: 'Passerelle' },
        requestor: false,
      },
    ],
    source: { observer: { display: 'Passerelle' }, type: [expect.objectContaining({ code: '4' })] },
    entity: [
      expect.objectContaining({ what: { reference: 'Observation/obs-1/_history/2' } }),
      expect.objectContaining({
        what: { reference: 'Patient/pat-1' },
        role: expect.objectContaining({ code: '1' }),
      }),
      expect.objectContaining({ what: { identifier: { value: '0199-req' } } }),
    ],
  })
})

test('a search keeps its query as it was received, in base64', async () => {
  const [, search] = await projected()
  const [query] = search!['entity'] as { query: string }[]
  expect(Buffer.from(query!.query, 'base64').toString()).toBe('name=Müller&_count=5')
})

test('a refused access says why by the code of the failure', async () => {
  const events = await projected()
  expect(events[4]).toMatchObject({ outcome: '8', outcomeDesc: 'unexpected' })
  expect(events[5]).toMatchObject({ outcome: '4', outcomeDesc: 'invalid_client' })
})

test('what is no resource of ours is named by an identifier, never by a reference that leads nowhere', async () => {
  const events = await projected()
  expect(events[6]!['entity']).toContainEqual(
    expect.objectContaining({ what: { identifier: { value: '42' }, display: 'message' } }),
  )
  expect(events[9]!['entity']).toContainEqual(
    expect.objectContaining({ what: { identifier: { value: 'x:y/z@w' }, display: 'client' } }),
  )
})

test('a query over HL7 v2 is one, by the number of its IHE transaction', async () => {
  const event = (await projected()).at(-1)!
  expect(event).toMatchObject({
    type: { code: '110112', display: 'Query' },
    subtype: [{ system: 'urn:ihe:event-type-code', code: 'ITI-21' }],
  })
})
