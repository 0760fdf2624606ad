import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import { auditStatement, unsealedTenants } from '../store/index.ts'
import { makeSealer } from './sealer.ts'
import { sealTenant } from './seal.ts'
import { accessRow } from './testing.ts'
import { verifyTenant, type AuditHead } from './verify.ts'

const key = randomBytes(32)

/** A write in any other database of the test server holds sealing up for a moment, so this looks again. */
async function sealAll(
  { db, tenant }: TestDatabase,
  { maxRows = 10_000, sealingKey = key } = {},
): Promise<void> {
  for (;;) {
    await sealTenant({ db, clock: systemClock, key: sealingKey, maxRows }, tenant)
    if (!(await unsealedTenants(db)).includes(tenant)) return
    await sleep(5)
  }
}

/** Records `groups` transactions of five accesses each, with a seal after every second one. */
async function record(database: TestDatabase, groups: number): Promise<void> {
  const { db, tenant } = database
  for (let group = 0; group < groups; group += 1) {
    const rows = Array.from({ length: 5 }, (_, i) =>
      accessRow({ at: systemClock.now(), entities: [{ type: 'Observation', id: `o-${group}-${i}` }] }),
    )
    await db.query(tenant, auditStatement(rows))
    if (group % 2 === 1) await sealAll(database)
  }
}

const verify = ({ db, tenant }: TestDatabase, head?: AuditHead) => verifyTenant({ db, key }, tenant, head)

test('an untouched trail is intact: all rows are in a block but those after the last seal', async () => {
  await using database = await testDatabase()
  await record(database, 7)
  const verdict = await verify(database)
  expect(verdict).toMatchObject({ intact: true, blocks: 3, rows: 30, unsealed: 5, head: { number: 3 } })
})

test('a trail without any access is intact', async () => {
  await using database = await testDatabase()
  expect(await verify(database)).toEqual({ intact: true, blocks: 0, rows: 0, unsealed: 0, head: undefined })
})

test('a row that is changed in any column, removed or added shows, wherever it is', async () => {
  await using database = await testDatabase()
  await record(database, 8)
  const table = 'passerelle.audit_other' // the sealer that makes months did not run
  const rows = await database.ownerQuery<{ id: string; turn: string }>(
    `select id, turn from ${table} order by turn, id`,
  )
  const changes = [
    `outcome = 8`,
    `action = 'D'`,
    `kind = 'hl7'`,
    `interaction = 'vread'`,
    `agent = 'somebody'`,
    `agent_kind = 'user'`,
    `address = null`,
    `entities = 'Observation/other'`,
    `patients = ''`,
    `query = 'x=y'`,
    `detail = '{}'`,
    `content = '{}'`,
    `turn = turn + 1000000000`,
    `id = -id`, // id + 1 may be the next row
    `tenant = tenant + 1`,
  ]
  const attack = fc.oneof(
    fc.constantFrom(...changes).map((set) => (id: string) => `update ${table} set ${set} where id = ${id}`),
    fc.constant((id: string) => `delete from ${table} where id = ${id}`),
    fc.constant(
      (id: string) =>
        `insert into ${table} select (jsonb_populate_record(r, '{"id": 7}')).* from ${table} r where id = ${id}`,
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(rows.length - 1), attack, async (at, sqlFor) => {
      await database.ownerQuery(`create table backup as select * from ${table}`)
      await database.ownerQuery(sqlFor(rows[at]!.id))
      const verdict = await verify(database)
      await database.ownerQuery(`truncate ${table}`)
      await database.ownerQuery(`insert into ${table} select * from backup`)
      await database.ownerQuery(`drop table backup`)
      expect(verdict).toMatchObject({ intact: false, block: Math.floor(at / 10) + 1 })
      expect(await verify(database)).toMatchObject({ intact: true })
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['a block is removed', 'delete from passerelle.audit_block where number = 2', 'block-missing', 2],
  ['a block says less', `update passerelle.audit_block set rows = 9 where number = 2`, 'block-changed', 2],
  [
    'a block is said to be older',
    `update passerelle.audit_block set sealed_at = '2020-01-01' where number = 1`,
    'block-changed',
    1,
  ],
  [
    'two blocks are made one',
    `with gone as (delete from passerelle.audit_block where number = 2 returning to_turn)
     update passerelle.audit_block set to_turn = gone.to_turn from gone where number = 1`,
    'block-changed',
    1,
  ],
])('it shows that %s', async (_name, attack, because, block) => {
  await using database = await testDatabase()
  await record(database, 6)
  await database.ownerQuery(attack)
  expect(await verify(database)).toMatchObject({ intact: false, because, block })
})

test('a row that a search no longer finds, because a token of it is gone, shows', async () => {
  await using database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  const junk = {
    agent: { id: 'x'.repeat(500), kind: 'client' },
    entities: [{ type: 'Patient', id: 'a b' }],
  } as const
  await db.query(tenant, auditStatement([accessRow(junk), accessRow({ outcome: 8, interaction: 'vread' })]))
  await sealAll(database)
  expect(await verify(database)).toMatchObject({ intact: true, rows: 2 })
  const tokens = await ownerQuery<{ hash: string; id: string }>('select hash, id from passerelle.audit_token')
  expect(tokens.length).toBeGreaterThan(6)
  for (const { hash, id } of tokens) {
    await ownerQuery('delete from passerelle.audit_token where hash = $1 and id = $2', [hash, id])
    expect(await verify(database)).toMatchObject({ intact: false, because: 'rows-hidden', block: 1 })
    await ownerQuery('insert into passerelle.audit_token (tenant, hash, id) values ($1, $2, $3)', [
      tenant,
      hash,
      id,
    ])
  }
})

test('rows and their blocks cut off the end show against a head that was kept elsewhere', async () => {
  await using database = await testDatabase()
  await record(database, 6)
  const before = await verify(database)
  const head = before.intact ? before.head! : undefined
  expect(await verify(database, head)).toMatchObject({ intact: true })
  await database.ownerQuery(
    `delete from passerelle.audit where turn >= (select from_turn from passerelle.audit_block where number = 3)`,
  )
  await database.ownerQuery(`delete from passerelle.audit_block where number = 3`)
  expect(await verify(database)).toMatchObject({ intact: true, blocks: 2 })
  expect(await verify(database, head)).toMatchObject({ intact: false, because: 'head-missing', block: 3 })
})

test('whoever seals again without the key is found out', async () => {
  await using database = await testDatabase()
  await record(database, 4)
  await database.ownerQuery(`delete from passerelle.audit_block`)
  await database.ownerQuery(`update passerelle.audit set agent = 'somebody else'`)
  await sealAll(database, { sealingKey: randomBytes(32) })
  expect(await verify(database)).toMatchObject({ intact: false, because: 'block-changed', block: 1 })
})

test('a row whose transaction is still running is not sealed over: it goes into a later block', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const insertedSlowly = Promise.withResolvers<void>()
  const sealedMeanwhile = Promise.withResolvers<void>()
  const slow = db.transaction(tenant, async (tx) => {
    await tx.query(auditStatement([accessRow({ agent: { id: 'slow', kind: 'client' } })]))
    insertedSlowly.resolve()
    await sealedMeanwhile.promise
  })
  await insertedSlowly.promise
  await db.query(tenant, auditStatement([accessRow({ agent: { id: 'quick', kind: 'client' } })]))
  await sealTenant({ db, clock: systemClock, key }, tenant)
  expect(await verify(database)).toMatchObject({ intact: true, rows: 0 })
  sealedMeanwhile.resolve()
  await slow
  await sealAll(database)
  expect(await verify(database)).toMatchObject({ intact: true, rows: 2, unsealed: 0 })
})

test('a large backlog is sealed in blocks of a bounded size, rows of one transaction together', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  for (const size of [3, 3, 25, 3, 3]) {
    await db.query(tenant, auditStatement(Array.from({ length: size }, () => accessRow())))
  }
  await sealAll(database, { maxRows: 6 })
  const blocks = await database.ownerQuery('select rows::int from passerelle.audit_block order by number')
  expect(blocks).toEqual([{ rows: 6 }, { rows: 25 }, { rows: 6 }])
  expect(await verify(database)).toMatchObject({ intact: true, rows: 37, unsealed: 0 })
})

test('sealers that run at once make one chain', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  for (let i = 0; i < 20; i += 1) {
    await db.query(tenant, auditStatement([accessRow()]))
    await Promise.all(Array.from({ length: 4 }, () => sealTenant({ db, clock: systemClock, key }, tenant)))
  }
  await sealAll(database)
  expect(await verify(database)).toMatchObject({ intact: true, rows: 20 })
})

test('after a restore into a server with lower transaction numbers the trail goes on', async () => {
  await using database = await testDatabase()
  await record(database, 4)
  // What a dump of a server that was far ahead looks like here.
  const ahead = 10_000_000_000
  await database.ownerQuery(`update passerelle.audit set turn = turn + ${ahead}`)
  await database.ownerQuery(`delete from passerelle.audit_block`)
  await database.ownerQuery(`select passerelle.audit_continue()`)
  await sealAll(database)
  await record(database, 2)
  await database.ownerQuery(`select passerelle.audit_continue()`)
  expect(await verify(database)).toMatchObject({ intact: true, rows: 30, unsealed: 0 })
})

test('the sealer makes the partitions of the coming months and seals the rows of every tenant', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const other = await database.addTenant('other')
  await db.query(tenant, auditStatement([accessRow({ at: systemClock.now() })])) // before there is a partition
  const sealer = makeSealer({ db, clock: systemClock, log: silentLog, key, pauseMs: 5 })
  await sealer.start()
  await db.query(other, auditStatement([accessRow({ at: systemClock.now() })]))
  await expect.poll(() => unsealedTenants(db), { timeout: 10_000 }).toEqual([])
  await sealer.stop()
  expect(await verify(database)).toMatchObject({ intact: true, rows: 1, unsealed: 0 })
  expect(await verifyTenant({ db, key }, other)).toMatchObject({ intact: true, rows: 1, unsealed: 0 })
  const [left] = await database.ownerQuery('select count(*)::int as rows from passerelle.audit_other')
  expect(left).toEqual({ rows: 0 })
  const partitions = await database.ownerQuery(
    `select 1 from pg_inherits where inhparent = 'passerelle.audit'::regclass`,
  )
  expect(partitions).toHaveLength(4) // this month, two more, and the default
})
