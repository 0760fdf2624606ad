import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { Failure } from '../kernel/failure.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditRow } from '../store/index.ts'
import { accessRow } from './testing.ts'
import { makeAuditRecorder } from './recorder.ts'

test('200 accesses recorded at once are all there, once, when their promises resolve', async () => {
  await using database = await testDatabase()
  await using recorder = makeAuditRecorder({ db: database.db, log: silentLog })
  const rows = Array.from({ length: 200 }, (_, i) =>
    accessRow({ entities: [{ type: 'Observation', id: `o${i}` }] }),
  )

  await Promise.all(rows.map((row) => recorder.record(database.tenant, row)))

  const stored = await database.ownerQuery<{ entities: string }>('select entities from passerelle.audit')
  expect(stored.map(({ entities }) => entities).toSorted()).toEqual(
    rows.map((_, i) => `Observation/o${i}`).toSorted(),
  )
})

test('accesses that come while an insert runs share the next one', async () => {
  const groups: number[] = []
  const db = {
    query: async (_tenant: unknown, statement: { values: readonly unknown[] }) => {
      groups.push((statement.values[0] as unknown[]).length)
      return []
    },
  }
  await using recorder = makeAuditRecorder({ db: db as never, log: silentLog })
  await Promise.all(Array.from({ length: 1200 }, () => recorder.record(1 as never, accessRow())))
  expect(groups).toEqual([1, 500, 500, 199])
})

test('an access that cannot be written down is refused, and the next one may succeed', async () => {
  let away = true
  const db = {
    query: async () => {
      if (away) throw new Failure('unavailable', 'database-unavailable')
      return []
    },
  }
  await using recorder = makeAuditRecorder({ db: db as never, log: silentLog })
  await expect(recorder.record(1 as never, accessRow())).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'audit-unavailable',
  })
  away = false
  await recorder.record(1 as never, accessRow())
})

test('disposing waits for what was taken and takes nothing more', async () => {
  await using database = await testDatabase()
  const recorder = makeAuditRecorder({ db: database.db, log: silentLog })
  const taken = Array.from({ length: 20 }, () => recorder.record(database.tenant, accessRow()))
  await recorder[Symbol.asyncDispose]()
  await Promise.all(taken)
  const [row] = await database.ownerQuery<{ rows: number }>(
    'select count(*)::int as rows from passerelle.audit',
  )
  expect(row).toEqual({ rows: 20 })
  await expect(recorder.record(database.tenant, accessRow())).rejects.toMatchObject({ code: 'audit-closed' })
})

test('rows of different tenants go to their own tenant', async () => {
  await using database = await testDatabase()
  const other = await database.addTenant('other')
  await using recorder = makeAuditRecorder({ db: database.db, log: silentLog })
  await Promise.all([
    recorder.record(database.tenant, accessRow({ agent: { id: 'here', kind: 'client' } })),
    recorder.record(other, accessRow({ agent: { id: 'there', kind: 'client' } })),
  ])
  const rows = await database.ownerQuery('select tenant, agent from passerelle.audit order by tenant')
  expect(rows).toEqual([
    { tenant: database.tenant, agent: 'here' },
    { tenant: other, agent: 'there' },
  ])
})

test.each<[string, Partial<AuditRow>]>([
  ['a null character', { query: 'name=a\0b', detail: { code: 'x\0' } }],
  [
    'half a surrogate pair',
    { query: 'name=\uD800', detail: { code: '\uDFFF' }, agent: { id: '\uD83D', kind: 'client' } },
  ],
  ['a very long agent', { agent: { id: 'x'.repeat(100_000), kind: 'device' } }],
  ['a query of a megabyte', { query: 'a'.repeat(1_000_000) }],
  [
    'an id with spaces and accents',
    { entities: [{ type: 'Patient', id: 'é à\n' }], patients: ['a b', '\0'] },
  ],
])('junk in a request (%s) does not keep its access from being recorded', async (_name, parts) => {
  await using database = await testDatabase()
  await using recorder = makeAuditRecorder({ db: database.db, log: silentLog })
  await recorder.record(database.tenant, accessRow(parts))
  const [row] = await database.ownerQuery<{ rows: number }>(
    'select count(*)::int as rows from passerelle.audit',
  )
  expect(row).toEqual({ rows: 1 })
})

test('the application can neither change nor remove what was recorded', async () => {
  await using database = await testDatabase()
  await using recorder = makeAuditRecorder({ db: database.db, log: silentLog })
  await recorder.record(database.tenant, accessRow())
  for (const text of [
    'update audit set outcome = 0',
    'delete from audit',
    'truncate audit',
    'delete from audit_token',
    'update audit_block set rows = 0',
    'delete from audit_block',
    'delete from audit_other',
  ]) {
    await expect(database.db.query(database.tenant, { text, values: [] })).rejects.toMatchObject({
      code: 'database-error',
    })
  }
})
