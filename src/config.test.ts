import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig, unknownVariables } from './config.ts'
import { Failure } from './kernel/failure.ts'

/** The lines that an operator sees. */
function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'configuration') throw error
    return error.issues.map(({ diagnostics }) => diagnostics)
  }
}

test('needs nothing: every variable has a default or may be absent', () => {
  const config = readConfig({})
  expect(config).toMatchObject({
    dataDir: resolve('./data'),
    databaseUrl: undefined,
    redisUrl: undefined,
    host: '127.0.0.1',
    httpPort: 8080,
    configDir: resolve('./config'),
    bootstrap: { tenant: 'demo', clientId: undefined, clientSecret: undefined },
    logLevel: 'info',
    referentialIntegrity: 'enforce',
  })
  expect([...config.roles]).toEqual(['api', 'worker', 'listener'])
  expect(config.variables).toMatchObject({ PASSERELLE_MLLP_PORT: 2575, PASSERELLE_DICOM_PORT: 11112 })
})

test('an empty variable counts as not set', () => {
  expect(readConfig({ PASSERELLE_HTTP_PORT: ' ', PASSERELLE_DATABASE_URL: '' })).toEqual(readConfig({}))
})

test('reads what is set', () => {
  const config = readConfig({
    PASSERELLE_DATABASE_URL: 'postgresql://owner:secret@db/passerelle',
    PASSERELLE_HTTP_PORT: '0',
    PASSERELLE_ROLE: 'api, listener',
    PASSERELLE_REFERENTIAL_INTEGRITY: 'off',
    PASSERELLE_PUBLIC_URL: 'https://fhir.example.org/',
    PASSERELLE_TRUST_PROXY: 'true',
    PASSERELLE_CORS_ORIGINS: 'https://a.example.org, https://b.example.org',
    PASSERELLE_CONDITIONAL_DELETES: '1',
  })
  expect(config.httpPort).toBe(0)
  expect(config.referentialIntegrity).toBe('off')
  expect([...config.roles]).toEqual(['api', 'listener'])
  expect(config.http).toEqual({
    publicUrl: 'https://fhir.example.org',
    trustProxy: true,
    corsOrigins: ['https://a.example.org', 'https://b.example.org'],
    maxConditionalDeletes: 1,
  })
})

test.each([
  ['PASSERELLE_HTTP_PORT', 'eighty'],
  ['PASSERELLE_HTTP_PORT', '70000'],
  ['PASSERELLE_CONDITIONAL_DELETES', '0'],
  ['PASSERELLE_MLLP_PORT', '-1'],
  ['PASSERELLE_MLLP_PORT', '25.75'],
  ['PASSERELLE_DATABASE_URL', 'mysql://somewhere'],
  ['PASSERELLE_REDIS_URL', 'localhost:6379'],
  ['PASSERELLE_ROLE', 'api,workers'],
  ['PASSERELLE_LOG_LEVEL', 'loud'],
  ['PASSERELLE_REFERENTIAL_INTEGRITY', 'on'],
  ['PASSERELLE_BOOTSTRAP_TENANT', 'Démo'],
  ['PASSERELLE_TRUST_PROXY', 'maybe'],
  ['PASSERELLE_PUBLIC_URL', 'fhir.example.org'],
])('%s=%s is one line that names the variable', (name, value) => {
  const problems = problemsOf({ [name]: value })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(new RegExp(`^${name} must `))
})

test('all that is wrong is told at once', () => {
  expect(problemsOf({ PASSERELLE_HTTP_PORT: 'x', PASSERELLE_ROLE: 'y' })).toHaveLength(2)
})

test('a value is never repeated: it may be a secret', () => {
  expect(problemsOf({ PASSERELLE_DATABASE_URL: 'mysql://user:hush@db' }).join()).not.toContain('hush')
})

test('a secret without its client is refused', () => {
  expect(problemsOf({ PASSERELLE_BOOTSTRAP_CLIENT_SECRET: 'hush' })).toEqual([
    'PASSERELLE_BOOTSTRAP_CLIENT_ID must be set too when PASSERELLE_BOOTSTRAP_CLIENT_SECRET is',
  ])
})

test('channel files see places and ports, no secret', () => {
  const { variables } = readConfig({
    PASSERELLE_BOOTSTRAP_CLIENT_ID: 'id',
    PASSERELLE_BOOTSTRAP_CLIENT_SECRET: 'hush',
    PASSERELLE_DATABASE_URL: 'postgres://user:hush@db/x',
  })
  expect(JSON.stringify(variables)).not.toContain('hush')
})

test('a name that looks like ours and is not is told', () => {
  expect(unknownVariables({ PASSERELLE_HTTPPORT: '1', PASSERELLE_HOST: 'x', HOME: '/' })).toEqual([
    'PASSERELLE_HTTPPORT',
  ])
})
