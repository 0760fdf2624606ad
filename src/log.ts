/**
 * The log: one JSON object a line, or plain lines for a person at a terminal. Secrets are cut out by name, and of an
 * error only what the program itself says of it is kept: the messages of libraries quote their input, which may be a
 * patient's.
 */
import pino from 'pino'
import type { LogLevel } from './config.ts'
import { Failure } from './kernel/failure.ts'
import type { Log } from './kernel/log.ts'

export interface LogOptions {
  readonly level: LogLevel
  /** `text` for a person at a terminal. */
  readonly format: 'json' | 'text'
  readonly output: { write(line: string): unknown }
}

/**
 * Writes to a file descriptor without making the program wait for whoever reads it: lines that come meanwhile go out
 * together. `flush` writes what is left, for the moment before the exit.
 */
export function openLogOutput(fd: 1 | 2): { write(line: string): unknown; flush(): void } {
  const output = pino.destination({
    fd,
    sync: false,
    minLength: WRITE_BYTES,
    periodicFlush: WRITE_MS,
    maxLength: MAX_UNWRITTEN_BYTES,
  })
  return { write: (line) => output.write(line), flush: () => output.flushSync() }
}

/** A write for each line costs a busy server a tenth of its time; a line waits for others no longer than this. */
const WRITE_BYTES = 4096
const WRITE_MS = 100
/** A reader that is stuck for longer loses lines; the program goes on. */
const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024

const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'secret',
  'clientSecret',
  'token',
  'authorization',
  'cookie',
])
/** What lies deeper is left out: no line has such fields. */
const MAX_DEPTH = 4
const CUT = '[cut]'

export function makeLog({ level, format, output }: LogOptions): Log {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    format === 'json' ? output : { write: (line: string) => output.write(toText(line)) },
  )
  return withoutSecrets(lines)
}

/** pino's own way to cut secrets out (`redact`) takes three times as long as the rest of a line. */
function withoutSecrets(lines: pino.Logger): Log {
  return {
    debug: (fields, message) => lines.debug(shown(fields), message),
    info: (fields, message) => lines.info(shown(fields), message),
    warn: (fields, message) => lines.warn(shown(fields), message),
    error: (fields, message) => lines.error(shown(fields), message),
    child: (fields) => withoutSecrets(lines.child(shown(fields))),
  }
}

/** The same fields where none is a secret, which is nearly always. */
function shown(fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> {
  let safe: Record<string, unknown> | undefined
  for (const name in fields) {
    const value = fields[name]
    const after = SECRET_NAMES.has(name) ? CUT : shownValue(value, depth + 1)
    if (after !== value) (safe ??= { ...fields })[name] = after
  }
  return safe ?? fields
}

function shownValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth > MAX_DEPTH) return CUT
  return Array.isArray(value)
    ? value.map((item) => shownValue(item, depth + 1))
    : shown(value as Record<string, unknown>, depth)
}

/** Kind, code and place of an error. The first lines of a stack repeat the message, so only its frames are kept. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, cause } = error
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const described = {
    name,
    ...(error instanceof Failure
      ? { kind: error.kind, code: error.code, params: error.params }
      : codeOf(error)),
    at: frames.slice(0, 8).map((line) => line.trim().slice('at '.length)),
  }
  return cause === undefined ? described : { ...described, cause: describeError(cause) }
}

/** The codes of Node (`ECONNREFUSED`) and PostgreSQL (`23505`). */
function codeOf(error: Error): { code?: string } {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? { code } : {}
}

/** `08:31:02.123 info  listening part=http port=8080` */
function toText(line: string): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>
  const shown = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${[String(time).slice(11, 23), String(level).padEnd(5), message, ...shown].join(' ')}\n`
}
