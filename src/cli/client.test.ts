import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { deriveKey, loadInstallationSecret } from '../access/index.ts'
import { sealTenant } from '../audit/index.ts'
import { readConfig } from '../config.ts'
import { systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import { unsealedTenants } from '../store/index.ts'
import type { Io } from './command.ts'
import { runCli } from './run.ts'

async function terminal() {
  const database = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-cli-'))
  const call = async (...words: string[]) => {
    const seen = { out: '', err: '' }
    const io: Io = {
      out: (text) => void (seen.out += text),
      err: (text) => void (seen.err += text),
      input: Readable.from([]),
      config: () =>
        readConfig({
          PASSERELLE_DATABASE_URL: database.url,
          PASSERELLE_DATA_DIR: folder,
          PASSERELLE_BOOTSTRAP_TENANT: database.tenantKey,
        }),
      log: () => silentLog,
      untilStopped: () => new Promise(() => undefined),
    }
    return { code: await runCli(words, io), ...seen }
  }
  return {
    database,
    folder,
    call,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('a client is made, listed, given a new secret and revoked', async () => {
  await using here = await terminal()
  const made = await here.call(
    'client',
    'create',
    '--id',
    'lab',
    '--name',
    'Labo',
    '--scope',
    'system/*.rs',
    '--scope',
    'system/Observation.c',
  )
  expect(made).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^client_id\tlab\nclient_secret\tpss_\S{43}\n$/),
  })
  expect((await here.call('client', 'list')).out).toBe(
    'lab\tactive\t-\tsystem/*.rs system/Observation.c\tLabo\n',
  )
  const rotated = await here.call('client', 'rotate', 'lab')
  expect(rotated.out).not.toBe(made.out)
  expect(rotated).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^client_id\tlab\nclient_secret\tpss_/),
  })
  expect(await here.call('client', 'revoke', 'lab')).toEqual({ code: 0, out: '', err: '' })
  expect((await here.call('client', 'list')).out).toContain('lab\trevoked')
})

test.each([
  { words: ['create'], code: 2, said: '--name' },
  { words: ['create', '--name', 'x'], code: 2, said: '--scope' },
  { words: ['create', '--name', 'x', '--scope', 'all'], code: 1, said: 'scope' },
  { words: ['create', '--name', 'x', '--scope', 'system/*.r', '--role', 'root'], code: 1, said: 'root' },
  {
    words: ['create', '--name', 'x', '--scope', 'system/*.r', '--tenant', 'nowhere'],
    code: 1,
    said: 'nowhere',
  },
  { words: ['revoke', 'nobody'], code: 1, said: 'nobody' },
  { words: ['rotate'], code: 2, said: 'id' },
  { words: ['remove', 'x'], code: 2, said: 'revoke' },
  { words: [], code: 2, said: 'list' },
])('client $words says what is wrong', async ({ words, code, said }) => {
  await using here = await terminal()
  expect(await here.call('client', ...words)).toMatchObject({
    code,
    out: '',
    err: expect.stringContaining(said),
  })
})

test('verifying tells the head of an intact trail, and the block where a changed one breaks', async () => {
  await using here = await terminal()
  const { database, folder, call } = here
  const key = deriveKey(await loadInstallationSecret(folder), 'audit-seal')
  await call('client', 'create', '--id', 'lab', '--name', 'Labo', '--scope', 'system/*.rs')
  while ((await unsealedTenants(database.db)).length > 0) {
    await sealTenant({ db: database.db, clock: systemClock, key }, database.tenant)
  }
  const intact = await call('audit', 'verify')
  expect(intact).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /^test\tintact\t1 accesses in 1 blocks, 0 not sealed yet\thead 1:[0-9a-f]{64}\n$/,
    ),
  })
  const head = /head (\S+)/.exec(intact.out)![1]!
  expect(await call('audit', 'verify', '--tenant', 'test', '--head', head)).toMatchObject({ code: 0 })
  const another = `1:${randomBytes(32).toString('hex')}`
  expect(await call('audit', 'verify', '--tenant', 'test', '--head', another)).toMatchObject({ code: 1 })

  await database.ownerQuery(`update passerelle.audit set agent = 'nobody'`)
  expect(await call('audit', 'verify')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^test\tBROKEN\tblock 1 sealed \S+Z\trows-changed\n$/),
  })
})

test.each([
  { words: ['audit'], code: 2, said: 'verify' },
  { words: ['audit', 'verify', '--head', '1:00'], code: 2, said: 'NUMBER:SEAL' },
  { words: ['audit', 'verify', '--head', `1:${'0'.repeat(64)}`], code: 2, said: '--tenant' },
  { words: ['audit', 'verify'], code: 1, said: 'installation.key' },
])('$words says what is wrong', async ({ words, code, said }) => {
  await using here = await terminal()
  expect(await here.call(...words)).toMatchObject({ code, out: '', err: expect.stringContaining(said) })
})
