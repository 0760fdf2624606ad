/** A large document of a message on its way into the store, and the same message once more. */
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { testFolder } from '../../test/support/folder.ts'
import { loadDefinitions, makeElementTree } from '../fhir/index.ts'
import { openFileBlobStore } from '../store/blobs/index.ts'
import { keepBinaries } from '../store/index.ts'
import { testStore } from '../store/testing.ts'
import { loadHl7Programs, makeHl7Transform } from './hl7-transform.ts'
import { labChannel } from './testing.ts'

test('a document of a megabyte goes to the blobs, and the same message changes nothing', async () => {
  await using database = await testDatabase()
  await using folder = await testFolder()
  const { db, tenant } = database
  const blobs = await openFileBlobStore({ folder: folder.path, orphanAgeMs: 0 })
  const { repository, binaries } = keepBinaries(testStore(db), { db, blobs })
  const tree = makeElementTree(loadDefinitions())
  const { program } = await loadHl7Programs({ folder: 'config/mapping', tree, channels: [] })
  const bytes = randomBytes(1_000_000)
  const raw = Buffer.from(
    [
      'MSH|^~\\&|A|B|||20260310||ORU^R01|1|P|2.5',
      'PID|||1^^^C||D',
      'OBR|1||F1|R^Report^L|||20260310',
      `OBX|1|ED|PDF^Report^L||^application^pdf^Base64^${bytes.toString('base64')}||||||F`,
    ].join('\r'),
  )
  const commit = async () => {
    const transformed = makeHl7Transform(program)({ raw, receivedAt: Date.UTC(2026, 2, 10) }, labChannel())
    if (transformed.did !== 'mapped') throw new Error(transformed.reason)
    return repository.commit(tenant, transformed.changes)
  }
  const first = await commit()
  const [{ content } = { content: '' }] = await database.ownerQuery<{ content: string }>(
    `select content::text from passerelle.resource where type = 'Binary'`,
  )
  const { data } = JSON.parse(content) as { data: string }
  expect(data.length).toBeLessThan(100)
  const stored = await binaries.content(tenant, data)
  expect((await buffer(await stored.open())).equals(bytes)).toBe(true)

  const second = await commit()
  expect(second.map(({ version }) => version)).toEqual(first.map(() => 1))
  expect(await database.ownerQuery('select * from passerelle.binary_blob')).toHaveLength(1)
})
