/** A PostgreSQL that somebody else runs: looked at once, before anything relies on it. */
import { Client } from 'pg'
import { Failure } from '../kernel/failure.ts'

const NEEDED_VERSION = 17

/** @throws Failure `unavailable`/`database-unreachable`, `unsupported`/`database-too-old` */
export async function checkExternal(url: string): Promise<void> {
  const version = await serverVersion(url)
  if (version >= NEEDED_VERSION) return
  throw new Failure('unsupported', 'database-too-old', { version, needed: NEEDED_VERSION })
}

async function serverVersion(url: string): Promise<number> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ number: string }>(
      "select current_setting('server_version_num') as number",
    )
    return Math.floor(Number(rows[0]!.number) / 10_000)
  } catch (cause) {
    throw new Failure('unavailable', 'database-unreachable', { reason: reasonOf(cause) }, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** `ECONNREFUSED 127.0.0.1:5432`; trying several addresses gives several errors and no message. */
function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause
  return first instanceof Error ? first.message : String(first)
}
