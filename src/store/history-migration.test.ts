import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { testFolder } from '../../test/support/folder.ts'
import { silentLog } from '../kernel/log.ts'
import { makeHistory } from './history.ts'
import { migrate } from './migrate.ts'

const SQL = fileURLToPath(new URL('../../sql', import.meta.url))
const range = { sinceMs: -Infinity, currentFromMs: -Infinity, currentToMs: Infinity }

test('versions from before 0007 have their history of the type, and when they were superseded', async () => {
  await using database = await testDatabase()
  await using folder = await testFolder()
  const copy = async (wanted: (number: number) => boolean) => {
    for (const name of await readdir(SQL)) {
      if (wanted(Number(name.slice(0, 4)))) await copyFile(join(SQL, name), join(folder.path, name))
    }
  }
  const run = () => migrate({ url: database.url, folder: folder.path, log: silentLog })
  await database.ownerQuery('drop schema passerelle cascade')
  await database.ownerQuery('drop table public.passerelle_migration')
  await copy((number) => number < 7)
  await run()

  const at = (day: number) => `2026-01-0${day}T00:00:00Z`
  await database.ownerQuery(`insert into passerelle.tenant (key, name) values ('a', 'a'), ('b', 'b')`)
  const tenants = await database.ownerQuery<{ id: never }>('select id from passerelle.tenant order by id')
  for (const [i, { id: tenant }] of tenants.entries()) {
    await database.ownerQuery(
      `insert into passerelle.resource (tenant, rid, type, id, version, last_updated, content)
       values ($1, $2, 'Patient', 'p', 3, $3, '{"id":"p"}')`,
      [tenant, i + 1, at(3)],
    )
    for (const version of [1, 2]) {
      await database.ownerQuery(
        `insert into passerelle.resource_history (tenant, rid, version, last_updated, deleted, content)
         values ($1, $2, $3, $4, $5, $6)`,
        [tenant, i + 1, version, at(version), version === 2, version === 2 ? null : '{"id":"p"}'],
      )
    }
  }
  await copy(() => true)
  await run()

  const history = makeHistory(database.db)
  for (const { id: tenant } of tenants) {
    const { entries } = await history.ofTypes(tenant, ['Patient', 'Basic'], { range, count: 10 })
    expect(entries.map(({ version, method }) => [version, method])).toEqual([
      [3, 'PUT'],
      [2, 'DELETE'],
      [1, 'POST'],
    ])
    const noon = Date.parse('2026-01-02T12:00:00Z')
    const current = { sinceMs: -Infinity, currentFromMs: noon, currentToMs: noon + 1 }
    const then = await history.ofTypes(tenant, ['Patient'], { range: current, count: 10 })
    expect(then.entries.map(({ version }) => version)).toEqual([2])
  }
})
