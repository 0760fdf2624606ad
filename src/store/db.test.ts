import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'

const statement = (text: string) => ({ text, values: [] })

test('connections that the server ends fail their statements, and the next ones work', async () => {
  await using database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  await db.lookup(tenant, statement('select 1'))
  const running = [
    db.query(tenant, statement('select pg_sleep(20)')),
    db.lookup(tenant, statement('select pg_sleep(20)')),
    db.transaction(tenant, (tx) => tx.query(statement('select pg_sleep(20)'))),
  ].map((promise) => promise.then(() => undefined).catch((error: unknown) => error))
  await sleep(200)
  await ownerQuery(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  for (const error of await Promise.all(running)) expect(error).toMatchObject({ kind: 'unavailable' })
  await sleep(50)
  expect(await db.query(tenant, statement('select 1 as one'))).toEqual([{ one: 1 }])
  expect(await db.lookup(tenant, statement('select 2 as two'))).toEqual([{ two: 2 }])
  expect(await db.lookup(tenant, statement('select 3 as three'))).toEqual([{ three: 3 }])
})

test('the first failure of a transaction is the one that is told, and nothing of it stays', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const failing = db.transaction(tenant, async (tx) => {
    void tx.query(statement(`insert into token (tenant, hash, rid) values (${tenant}, 1, 1)`))
    void tx.query(statement('select 1 / 0'))
    await tx.query(statement('select 1'))
  })
  await expect(failing).rejects.toMatchObject({ params: { sqlstate: '22012' } })
  expect(await db.query(tenant, statement('select from token'))).toEqual([])
})

test('statements of different tenants on one connection each see their own', async () => {
  await using database = await testDatabase()
  const { db, tenant, addTenant } = database
  const other = await addTenant('other')
  const bound = statement('select current_tenant() as tenant')
  const asked = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? other : tenant))
  for (const ask of [db.query, db.lookup]) {
    const answers = await Promise.all(asked.map((one) => ask<{ tenant: number }>(one, bound)))
    expect(answers.map(([row]) => row!.tenant)).toEqual(asked)
  }
  expect(await db.system(bound)).toEqual([{ tenant: null }])
})

test('a statement that takes too long is cancelled', async () => {
  await using database = await testDatabase()
  const { openDb } = await import('./db.ts')
  await using db = openDb({ url: database.url, statementTimeoutMs: 50 })
  await expect(db.query(database.tenant, statement('select pg_sleep(5)'))).rejects.toMatchObject({
    kind: 'timeout',
    code: 'statement-timeout',
  })
})

test('a code that the database raises means one thing: the program tells failures apart by it', async () => {
  await using database = await testDatabase()
  const raised = await database.ownerQuery<{ code: string; meanings: string[] }>(`
    select found[2] as code, array_agg(distinct found[1]) as meanings
    from pg_proc
    cross join lateral regexp_matches(prosrc, 'raise exception ''([^'']+)'' using errcode = ''(PA[0-9]{3})''', 'g') as found
    where pronamespace = 'passerelle'::regnamespace group by code`)
  expect(raised.length).toBeGreaterThan(4)
  expect(raised.filter(({ meanings }) => meanings.length > 1)).toEqual([])
})
