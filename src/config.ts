/**
 * What an operator sets. One schema for all of it; no other file reads the environment. An empty variable counts as
 * not set, because compose files and shells make them so easily.
 */
import { resolve } from 'node:path'
import * as z from 'zod'
import { Failure, type Issue } from './kernel/failure.ts'

const ROLES = ['api', 'worker', 'listener'] as const
/** What this process does: answers HTTP, works off the queues, holds the listeners of the channels. */
type Role = (typeof ROLES)[number]

export interface Config {
  readonly dataDir: string
  /** Without one the embedded PostgreSQL runs in the data folder. */
  readonly databaseUrl: string | undefined
  /** Without one the queues live in PostgreSQL. */
  readonly redisUrl: string | undefined
  readonly host: string
  readonly httpPort: number
  readonly configDir: string
  readonly bootstrap: {
    readonly tenant: string
    readonly clientId: string | undefined
    readonly clientSecret: string | undefined
  }
  readonly roles: ReadonlySet<Role>
  readonly logLevel: LogLevel
  /** Whether references within a tenant must point to what is there. */
  readonly referentialIntegrity: 'enforce' | 'off'
  readonly http: {
    /** The address that clients know, when a proxy stands in between. */
    readonly publicUrl: string | undefined
    readonly trustProxy: boolean
    readonly corsOrigins: readonly string[]
    readonly maxConditionalDeletes: number
  }
  /** What `${NAME}` stands for in channel files: the places and ports from above, and no secret. */
  readonly variables: Readonly<Record<string, string | number>>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const text = z.string().trim().min(1)
const port = z.coerce
  .number('must be a port number')
  .int('must be a port number')
  .min(0)
  .max(65_535, 'must be at most 65535')

const url = (...protocols: string[]) =>
  text.refine((value) => protocols.includes(URL.parse(value)?.protocol ?? ''), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  })

const roles = text
  .transform((list) => (list === 'all' ? [...ROLES] : list.split(',').map((role) => role.trim())))
  .pipe(z.array(z.enum(ROLES, `must be all, or a comma list of ${ROLES.join(', ')}`)))

const flag = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((value) => value === 'true' || value === '1')

const list = text.transform((value) => value.split(',').map((item) => item.trim()))

/** Each variable with its default. The README's table is this. */
const environment = z.object({
  PASSERELLE_DATA_DIR: text.default('./data'),
  PASSERELLE_DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  PASSERELLE_REDIS_URL: url('redis:', 'rediss:').optional(),
  PASSERELLE_HOST: text.default('127.0.0.1'),
  PASSERELLE_HTTP_PORT: port.default(8080),
  PASSERELLE_MLLP_PORT: port.default(2575),
  PASSERELLE_DICOM_PORT: port.default(11_112),
  PASSERELLE_CONFIG_DIR: text.default('./config'),
  PASSERELLE_BOOTSTRAP_TENANT: text
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      'must be lower-case letters, digits and hyphens, at most 63',
    )
    .default('demo'),
  PASSERELLE_BOOTSTRAP_CLIENT_ID: text.optional(),
  PASSERELLE_BOOTSTRAP_CLIENT_SECRET: text.optional(),
  PASSERELLE_ROLE: roles.default([...ROLES]),
  PASSERELLE_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info'),
  PASSERELLE_REFERENTIAL_INTEGRITY: z.enum(['enforce', 'off'], 'must be enforce or off').default('enforce'),
  PASSERELLE_PUBLIC_URL: url('http:', 'https:').optional(),
  PASSERELLE_TRUST_PROXY: flag.default(false),
  PASSERELLE_CORS_ORIGINS: list.default([]),
  PASSERELLE_CONDITIONAL_DELETES: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(10_000, 'must be at most 10000')
    .default(1000),
})

type Environment = z.infer<typeof environment>

/**
 * Reads the environment.
 * @throws Failure `invalid`/`configuration` with one issue for each variable that is wrong; values are not repeated,
 * some of them are secrets
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.entries(env).filter(([name, value]) => name.startsWith('PASSERELLE_') && value?.trim())
  const read = environment.safeParse(Object.fromEntries(given))
  const issues = read.success ? contradictions(read.data) : read.error.issues.map(toIssue)
  if (!read.success || issues.length > 0) throw new Failure('invalid', 'configuration', {}, { issues })
  return toConfig(read.data)
}

/** Names that look like ours and mean nothing: a typing error, most likely. */
export function unknownVariables(env: NodeJS.ProcessEnv = process.env): string[] {
  const known = new Set(Object.keys(environment.shape))
  return Object.keys(env).filter((name) => name.startsWith('PASSERELLE_') && !known.has(name))
}

/** npm names the script that it runs. A server that npm started ends with it, whatever happened to npm. */
export function startedByNpm(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['npm_lifecycle_event'] !== undefined
}

function contradictions(env: Environment): Issue[] {
  if (
    env.PASSERELLE_BOOTSTRAP_CLIENT_SECRET === undefined ||
    env.PASSERELLE_BOOTSTRAP_CLIENT_ID !== undefined
  )
    return []
  return [
    problem('PASSERELLE_BOOTSTRAP_CLIENT_ID', 'must be set too when PASSERELLE_BOOTSTRAP_CLIENT_SECRET is'),
  ]
}

function toIssue({ path, message }: { path: PropertyKey[]; message: string }): Issue {
  return problem(String(path[0]), message)
}

function problem(variable: string, message: string): Issue {
  return { severity: 'error', type: 'value', expression: [variable], diagnostics: `${variable} ${message}` }
}

function toConfig(env: Environment): Config {
  return {
    dataDir: resolve(env.PASSERELLE_DATA_DIR),
    databaseUrl: env.PASSERELLE_DATABASE_URL,
    redisUrl: env.PASSERELLE_REDIS_URL,
    host: env.PASSERELLE_HOST,
    httpPort: env.PASSERELLE_HTTP_PORT,
    configDir: resolve(env.PASSERELLE_CONFIG_DIR),
    bootstrap: {
      tenant: env.PASSERELLE_BOOTSTRAP_TENANT,
      clientId: env.PASSERELLE_BOOTSTRAP_CLIENT_ID,
      clientSecret: env.PASSERELLE_BOOTSTRAP_CLIENT_SECRET,
    },
    roles: new Set(env.PASSERELLE_ROLE),
    logLevel: env.PASSERELLE_LOG_LEVEL,
    referentialIntegrity: env.PASSERELLE_REFERENTIAL_INTEGRITY,
    http: {
      publicUrl: env.PASSERELLE_PUBLIC_URL?.replace(/\/+$/, ''),
      trustProxy: env.PASSERELLE_TRUST_PROXY,
      corsOrigins: env.PASSERELLE_CORS_ORIGINS,
      maxConditionalDeletes: env.PASSERELLE_CONDITIONAL_DELETES,
    },
    variables: {
      PASSERELLE_HOST: env.PASSERELLE_HOST,
      PASSERELLE_HTTP_PORT: env.PASSERELLE_HTTP_PORT,
      PASSERELLE_MLLP_PORT: env.PASSERELLE_MLLP_PORT,
      PASSERELLE_DICOM_PORT: env.PASSERELLE_DICOM_PORT,
      PASSERELLE_CONFIG_DIR: resolve(env.PASSERELLE_CONFIG_DIR),
      PASSERELLE_BOOTSTRAP_TENANT: env.PASSERELLE_BOOTSTRAP_TENANT,
    },
  }
}
