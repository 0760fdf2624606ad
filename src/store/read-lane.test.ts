import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { exactJsonOf } from '../kernel/json.ts'
import type { Change, Db } from './index.ts'
import { makeReadLane } from './read-lane.ts'
import { testStore } from './testing.ts'

const put = (id: string, family: string): Change => ({
  type: 'Patient',
  id,
  make: () => exactJsonOf({ resourceType: 'Patient', name: [{ family }] }),
})

/** A lane that tells how many statements it sent. */
function counted(db: Db) {
  let sent = 0
  const lane = makeReadLane({
    lookup(tenant, statement) {
      sent++
      return db.lookup(tenant, statement)
    },
  })
  return { lane, sent: () => sent }
}

test('reads that come together go out together, and each gets its own', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const { repository } = testStore(db)
  const ids = Array.from({ length: 100 }, (_, i) => `p${i}`)
  await repository.commit(
    tenant,
    ids.map((id) => put(id, `of ${id}`)),
  )
  const { lane, sent } = counted(db)
  const asked = [...ids, 'nobody', 'p7', 'p7']
  const rows = await Promise.all(asked.map((id) => lane.read(tenant, 'Patient', id)))
  expect(rows.map((row) => row?.id)).toEqual([...ids, undefined, 'p7', 'p7'])
  expect(rows.slice(0, 100).every((row, i) => row?.content?.includes(`"of p${i}"`))).toBe(true)
  expect(sent()).toBeLessThan(10)
})

test('tenants are never read together', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const other = await database.addTenant('other')
  const { repository } = testStore(db)
  await repository.commit(tenant, [put('same', 'here')])
  await repository.commit(other, [put('same', 'there'), put('mine', 'there')])
  const { lane, sent } = counted(db)
  const read = (of: TenantId, id: string) => lane.read(of, 'Patient', id)
  const found = await Promise.all([read(tenant, 'same'), read(other, 'same'), read(tenant, 'mine')])
  expect(found.map((row) => /here|there/.exec(row?.content ?? '')?.[0])).toEqual(['here', 'there', undefined])
  expect(sent()).toBe(2)
})

test('what is committed is read by whoever asks afterwards', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const { repository } = testStore(db)
  for (let i = 0; i < 30; i++) {
    const noise = Array.from({ length: 20 }, (_, k) => repository.read(tenant, 'Patient', `p${k}`))
    await repository.commit(tenant, [put('p1', `name ${i}`)])
    const { body } = (await repository.read(tenant, 'Patient', 'p1'))!
    expect(body).toContain(`"name ${i}"`)
    await Promise.all(noise)
  }
})

test('a failed statement fails those who were in it, and the next are read', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  await testStore(db).repository.commit(tenant, [put('p1', 'Curie')])
  let isAway = true
  const lane = makeReadLane({
    lookup: (of, statement) =>
      isAway ? Promise.reject(new Failure('unavailable', 'database-unavailable')) : db.lookup(of, statement),
  })
  const failed = await Promise.allSettled(['p1', 'p2'].map((id) => lane.read(tenant, 'Patient', id)))
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isAway = false
  expect(await lane.read(tenant, 'Patient', 'p1')).toMatchObject({ id: 'p1', version: 1 })
})
