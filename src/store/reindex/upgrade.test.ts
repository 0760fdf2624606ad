import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import { testFolder } from '../../../test/support/folder.ts'
import { type TenantId, uuidv7 } from '../../kernel/ids.ts'
import { silentLog } from '../../kernel/log.ts'
import { INDEX_VERSION } from '../index-version.ts'
import { migrate } from '../migrate.ts'
import { testContext, testStore } from '../testing.ts'
import { makeReindexer, makeReindexes } from './index.ts'

const SQL = fileURLToPath(new URL('../../../sql', import.meta.url))

test('databases of earlier programs: what their indexes lack is known, refused until a pass is done, and then found', async () => {
  await using database = await testDatabase()
  await using folder = await testFolder()
  const { url, db } = database
  const names = (await readdir(SQL)).toSorted()
  const migrateUpTo = async (number: string) => {
    for (const name of names.filter((each) => each < `${number}~`))
      await copyFile(join(SQL, name), join(folder.path, name))
    await migrate({ url, folder: folder.path, log: silentLog })
  }
  await database.ownerQuery('drop schema passerelle cascade')
  await database.ownerQuery('drop table public.passerelle_migration')

  await migrateUpTo('0005')
  const [oldest] = await addTenant('oldest', 'dates')
  await migrateUpTo('0006')
  const [old] = await addTenant('old', 'ranges')
  await migrateUpTo('9999')
  const [young] = await addTenant('young', 'ranges')
  await migrate({ url, folder: folder.path, log: silentLog })

  async function addTenant(key: string, ranges: string): Promise<TenantId[]> {
    const rows = await database.ownerQuery<{ id: TenantId }>(
      `insert into passerelle.tenant (key, name) values ('${key}', '${key}') returning id`,
    )
    const { id } = rows[0]!
    const content = { id: 'p', meta: { versionId: '1' }, birthDate: '1980', active: true }
    await database.ownerQuery(`
      begin; select set_config('passerelle.tenant', '${id}', true);
      insert into passerelle.resource (tenant, rid, type, id, version, last_updated, ${ranges}, content)
      values (${id}, ${1000 + id}, 'Patient', 'p', 1, now(), '{}', '${JSON.stringify(content)}');
      commit`)
    return [id]
  }

  const versions = await database.ownerQuery('select key, index_version from passerelle.tenant order by id')
  expect(versions).toEqual([
    { key: 'oldest', index_version: 0 },
    { key: 'old', index_version: 1 },
    { key: 'young', index_version: INDEX_VERSION },
  ])
  const { models, search } = testStore(db)
  const reindexes = makeReindexes(db)
  const find = async (tenant: TenantId, query: string) => {
    const { parser } = await models.current(tenant)
    const request = parser.parse('Patient', new URLSearchParams(query), { ...testContext, nowMs: 0 })
    return (await search.search(tenant, request)).entries.map(({ id }) => id)
  }
  const notIndexed = { code: 'search-parameter-not-indexed' }
  await expect(find(oldest!, 'birthdate=1980')).rejects.toMatchObject(notIndexed)
  await expect(find(old!, 'active=true')).rejects.toMatchObject(notIndexed)
  expect(await find(old!, '_id=p')).toEqual(['p'])
  expect(await find(young!, '_id=p')).toEqual(['p'])

  const outdated = await reindexes.outdated()
  expect(outdated.map(({ key }) => key)).toEqual(['oldest', 'old'])
  const reindexer = makeReindexer({ db, models, reindexes, log: silentLog, runner: 'test', share: 1 })
  for (const { tenant } of outdated) {
    const { id } = await reindexes.request(tenant, { id: uuidv7(), types: ['Patient'], isWhole: true })
    await reindexer.run(tenant, id)
  }
  for (const tenant of [oldest!, old!]) {
    expect(await find(tenant, 'birthdate=1980&active=true&birthdate:missing=false')).toEqual(['p'])
  }
  expect(await reindexes.outdated()).toEqual([])
})
