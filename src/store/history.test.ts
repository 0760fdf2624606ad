import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { readChanges, readVersions } from './queries/read-history.ts'

const range = { sinceMs: -Infinity, currentFromMs: -Infinity, currentToMs: Infinity }

test('a page of changes is read off the order of time, also of a database that has no statistics', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const statement = readChanges(tenant, ['Patient', 'Observation'], range, undefined, 51)
  const plan = await db.query<{ 'QUERY PLAN': string }>(tenant, {
    text: `explain (costs off) ${statement.text}`,
    values: statement.values,
  })
  const text = plan.map((row) => row['QUERY PLAN']).join('\n')
  expect(text).toContain('Index Scan Backward using resource_last_updated')
  expect(text).toContain('Index Scan Backward using resource_history_last_updated')
  expect(text).toMatch(/Index Cond: \(\(listing = .*last_updated, rid, version\) </)
  expect(text).not.toMatch(/Seq Scan|Bitmap/)
})

test('versions of one resource are read by its key', async () => {
  await using database = await testDatabase()
  const { db, tenant } = database
  const statement = readVersions(tenant, { type: 'Patient', id: 'p' }, range, undefined, 51)
  const plan = await db.query<{ 'QUERY PLAN': string }>(tenant, {
    text: `explain (costs off) ${statement.text}`,
    values: statement.values,
  })
  const text = plan.map((row) => row['QUERY PLAN']).join('\n')
  expect(text).toMatch(/Index Scan (?:Backward )?using resource_history_pkey/)
  expect(text).toMatch(/Index Cond: \(\(tenant = .* \(rid = r_?\d*\.rid\) AND \(version </)
})
