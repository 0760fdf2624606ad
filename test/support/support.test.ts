import { expect, test } from 'vitest'
import { Client } from 'pg'
import { Redis } from 'ioredis'
import { testDatabase } from './database.ts'
import { hasProgram } from './programs.ts'
import { testRedis } from './redis.ts'

test('a test gets a migrated database with one tenant, bound to it as the application role', async () => {
  await using database = await testDatabase()
  const rows = await database.db.query<{ tenant: number; role: string }>(database.tenant, {
    text: 'select passerelle.current_tenant() as tenant, current_user::text as role',
    values: [],
  })
  expect(rows).toEqual([{ tenant: database.tenant, role: 'passerelle_app' }])
})

test('databases of two tests share nothing', async () => {
  await using one = await testDatabase()
  await using other = await testDatabase()
  await one.addTenant('only-here')
  const keys = await other.ownerQuery<{ key: string }>('select key from passerelle.tenant')
  expect(keys).toEqual([{ key: 'test' }])
})

test('a connection left open fails the test that left it', async () => {
  const database = await testDatabase()
  const client = new Client({ connectionString: database.url, application_name: 'forgotten' })
  client.on('error', () => undefined)
  await client.connect()
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/forgotten/)
  await client.end().catch(() => undefined)
})

test.skipIf(!hasProgram('redis-server'))('a test gets a redis of its own', async () => {
  await using redis = await testRedis()
  const client = new Redis(redis.url)
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
})
