/** The start and the stop of the server, as an operator sees them. */
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { testFolder } from '../support/folder.ts'
import { anyPorts, runProgram, type Program } from '../support/program.ts'
import { ownerStatement } from '../support/postgres.ts'
import { runningUrl } from '../../src/store/embedded/index.ts'

const serve = (variables: Record<string, string>): Program => runProgram(['serve'], variables)

/** Waits for the greeting; resolves to the base URL of the HTTP listener. */
async function ready(program: Program): Promise<string> {
  await program.said(/is ready\./)
  const [, base] = await program.said(/(http:\/\/127\.0\.0\.1:\d+)/)
  return base!
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

test('starts on an empty folder, is ready when it says so, and stops with 0 at SIGTERM', async () => {
  await using folder = await testFolder()
  await using program = serve(anyPorts(join(folder.path, 'data')))
  const base = await ready(program)
  expect(await statusOf(`${base}/health/ready`)).toBe(200)
  expect(await statusOf(`${base}/metrics`)).toBe(200)
  program.kill('SIGTERM')
  expect(await program.ended).toBe(0)
  expect(program.stderr()).toBe('')
})

test('says in the log where it listens, with the real port', async () => {
  await using folder = await testFolder()
  await using program = serve(anyPorts(join(folder.path, 'data')))
  const base = await ready(program)
  program.kill('SIGINT')
  expect(await program.ended).toBe(0)
  const lines = program.stdout().split('\n')
  const listening = lines
    .filter((line) => line.includes('"listening"'))
    .map((line) => JSON.parse(line) as object)
  expect(listening).toContainEqual(expect.objectContaining({ port: Number(new URL(base).port) }))
})

test('a signal that comes twice at once, as npm passes it on, still stops in order', async () => {
  await using folder = await testFolder()
  await using program = serve(anyPorts(join(folder.path, 'data')))
  await ready(program)
  program.kill('SIGINT')
  program.kill('SIGINT')
  expect(await program.ended).toBe(0)
})

test('starts again after a SIGKILL, with what was committed', async () => {
  await using folder = await testFolder()
  const data = join(folder.path, 'data')
  {
    await using program = serve(anyPorts(data))
    await ready(program)
    await ownerStatement(
      (await runningUrl(data))!,
      "insert into passerelle.tenant (key, name) values ('kept', 'kept')",
    )
    program.kill('SIGKILL')
    expect(await program.ended).toBeNull()
  }
  await using program = serve(anyPorts(data))
  await ready(program)
  const kept = await ownerStatement(
    (await runningUrl(data))!,
    "select key from passerelle.tenant where key = 'kept'",
  )
  expect(kept).toEqual([{ key: 'kept' }])
})

test('a data folder that another server holds is one line and exit code 1', async () => {
  await using folder = await testFolder()
  const data = join(folder.path, 'data')
  await using first = serve(anyPorts(data))
  const base = await ready(first)
  await using second = serve(anyPorts(data))
  expect(await second.ended).toBe(1)
  expect(second.stderr()).toMatch(
    /^passerelle: the data folder \S+ is in use by another Passerelle \(process \d+\)\n$/,
  )
  expect(await statusOf(`${base}/health/ready`)).toBe(200)
})

test('a port in use is one line that says which, exit code 1, and the database is stopped', async () => {
  await using folder = await testFolder()
  const data = join(folder.path, 'data')
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await using program = serve({ ...anyPorts(data), PASSERELLE_HTTP_PORT: String(port) })
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toBe(
    `passerelle: HTTP cannot listen on 127.0.0.1:${port}: another program uses this port\n`,
  )
  expect(await runningUrl(data)).toBeUndefined()
  await new Promise((resolve) => other.close(resolve))
})

test('a database of a newer schema is one line and exit code 1', async () => {
  await using folder = await testFolder()
  const data = join(folder.path, 'data')
  {
    await using program = serve(anyPorts(data))
    await ready(program)
    const text =
      "insert into public.passerelle_migration (number, name, checksum) values (9999, '9999_later', 'x')"
    await ownerStatement((await runningUrl(data))!, text)
    program.kill('SIGTERM')
    await program.ended
  }
  await using program = serve(anyPorts(data))
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toMatch(
    /^passerelle: the database has schema 9999, this program knows schema \d+: .*\n$/,
  )
})

test('a wrong configuration is a line for each variable and exit code 1', async () => {
  await using program = serve({ PASSERELLE_HTTP_PORT: 'eighty', PASSERELLE_ROLE: 'everything' })
  expect(await program.ended).toBe(1)
  expect(program.stderr().split('\n')).toEqual([
    'passerelle: the configuration is wrong',
    expect.stringContaining('PASSERELLE_HTTP_PORT must be a port number'),
    expect.stringContaining('PASSERELLE_ROLE must be all'),
    '',
  ])
})

test('a database that cannot be reached is one line without its password and exit code 1', async () => {
  await using folder = await testFolder()
  const url = 'postgres://owner:hush@127.0.0.1:1/passerelle'
  await using program = serve({ ...anyPorts(join(folder.path, 'data')), PASSERELLE_DATABASE_URL: url })
  expect(await program.ended).toBe(1)
  expect(program.stderr()).toMatch(
    /^passerelle: the database of PASSERELLE_DATABASE_URL cannot be reached: .*\n$/,
  )
  expect(program.stderr()).not.toContain('hush')
})

test('commands work beside the running server and without it', async () => {
  await using folder = await testFolder()
  const variables = { ...anyPorts(join(folder.path, 'data')), PASSERELLE_BOOTSTRAP_TENANT: 'clinic' }
  const command = async (...words: string[]): Promise<string> => {
    await using program = runProgram(words, { ...variables, PASSERELLE_LOG_LEVEL: 'warn' })
    expect(await program.ended).toBe(0)
    return program.stdout()
  }
  expect(await command('migrate', '--dry-run')).toContain('0001_ground\n')
  await command('migrate')
  expect(await command('migrate', '--dry-run')).toBe('')
  await command('tenant', 'create', 'clinic', '--name', 'Clinique du Lac')
  {
    await using program = serve(variables)
    await ready(program)
    expect(await command('tenant', 'list')).toContain('clinic\tEurope/Paris\tClinique du Lac\n')
    program.kill('SIGTERM')
    await program.ended
  }
  expect(await command('tenant', 'list')).toContain('clinic')
})

test('starts on a database that somebody else runs, and several programs share it', async () => {
  await using folder = await testFolder()
  await using database = await testDatabase()
  const variables = {
    ...anyPorts(join(folder.path, 'data')),
    PASSERELLE_DATABASE_URL: database.url,
    PASSERELLE_BOOTSTRAP_TENANT: database.tenantKey,
  }
  await using first = serve({ ...variables, PASSERELLE_ROLE: 'api' })
  await using second = serve({ ...variables, PASSERELLE_ROLE: 'worker' })
  for (const base of await Promise.all([ready(first), ready(second)])) {
    expect(await statusOf(`${base}/health/ready`)).toBe(200)
  }
  for (const program of [first, second]) {
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  }
})

test.each([
  ['enforce', 422],
  ['off', 201],
] as const)('with referential integrity %s a reference to nothing is answered %i', async (mode, status) => {
  await using folder = await testFolder()
  await using program = serve({
    ...anyPorts(join(folder.path, 'data')),
    PASSERELLE_REFERENTIAL_INTEGRITY: mode,
    PASSERELLE_BOOTSTRAP_CLIENT_ID: 'tester',
    PASSERELLE_BOOTSTRAP_CLIENT_SECRET: 'only-for-this-test-0123456789',
  })
  const base = await ready(program)
  const credentials = Buffer.from('tester:only-for-this-test-0123456789').toString('base64')
  const token = await fetch(`${base}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.cruds' }),
  })
  const { access_token: bearer } = (await token.json()) as { access_token: string }
  const flag = { resourceType: 'Flag', status: 'active', code: { text: 'x' } }
  const create = (reference: string) =>
    fetch(`${base}/t/demo/fhir/Flag`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ ...flag, subject: { reference } }),
    })
  expect((await create('Patient/nobody')).status).toBe(status)
  // Where the program listens is the tenant's own base.
  expect((await create(`${base}/t/demo/fhir/Patient/nobody`)).status).toBe(status)
  const byName = base.replace('127.0.0.1', 'localhost')
  expect((await create(`${byName}/t/demo/fhir/Patient/nobody`)).status).toBe(status)
  expect((await create(`${base}/t/other/fhir/Patient/nobody`)).status).toBe(201)
})
