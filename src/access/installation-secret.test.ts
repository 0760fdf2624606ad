import { readFile, stat, writeFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testFolder } from '../../test/support/folder.ts'
import { deriveKey, loadInstallationSecret, readInstallationSecret } from './installation-secret.ts'

test('the first start makes the secret, readable by its owner only; later starts and other processes read the same', async () => {
  await using folder = await testFolder()
  const secrets = await Promise.all(Array.from({ length: 8 }, () => loadInstallationSecret(folder.path)))
  for (const secret of secrets) expect(secret).toEqual(secrets[0])
  expect(await readdir(folder.path)).toEqual(['installation.key'])
  expect((await stat(join(folder.path, 'installation.key'))).mode & 0o777).toBe(0o600)
  expect(await readInstallationSecret(folder.path)).toEqual(secrets[0])
})

test('a damaged secret is an error, never replaced', async () => {
  await using folder = await testFolder()
  const file = join(folder.path, 'installation.key')
  await writeFile(file, 'c2hvcnQ=')
  await expect(loadInstallationSecret(folder.path)).rejects.toMatchObject({
    code: 'installation-secret-damaged',
  })
  expect(await readFile(file, 'utf8')).toBe('c2hvcnQ=')
})

test('a command that only checks makes no secret', async () => {
  await using folder = await testFolder()
  await expect(readInstallationSecret(folder.path)).rejects.toMatchObject({
    code: 'installation-secret-missing',
  })
  expect(await readdir(folder.path)).toEqual([])
})

test('each purpose has a key of its own', () => {
  const secret = Buffer.alloc(32, 7)
  const keys = (['audit-seal', 'signing-keys', 'search-cursors'] as const).map((purpose) =>
    deriveKey(secret, purpose).toString('hex'),
  )
  expect(new Set(keys).size).toBe(3)
})
