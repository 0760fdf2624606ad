/**
 * postgresql.conf of the embedded cluster. Written at each start; what an operator sets with ALTER SYSTEM is read
 * after it and wins. https://www.postgresql.org/docs/18/runtime-config.html
 */
import { totalmem } from 'node:os'

export type Settings = Readonly<Record<string, string | number>>

const MB = 1024 * 1024

/** For a machine that the server shares with the program itself: 2 cores and up, little memory. */
export function defaultSettings(memoryBytes: number = usableMemory()): Settings {
  const memoryMb = memoryBytes / MB
  return {
    max_connections: 60,
    shared_buffers: `${memoryMb >= 3500 ? 512 : memoryMb >= 1700 ? 256 : 128}MB`,
    effective_cache_size: `${Math.max(256, Math.round(memoryMb / 2))}MB`,
    work_mem: '16MB',
    maintenance_work_mem: '128MB',
    // Durability is the promise behind every acknowledgement.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_buffers: '16MB',
    max_wal_size: '2GB',
    min_wal_size: '256MB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: 0.9,
    // Short statements on few cores: compilation and parallel workers cost more than they give.
    jit: 'off',
    max_parallel_workers_per_gather: 0,
    io_workers: 2,
    random_page_cost: 1.1,
    effective_io_concurrency: 32,
    autovacuum_max_workers: 2,
    autovacuum_naptime: '30s',
    autovacuum_vacuum_scale_factor: 0.05,
    autovacuum_analyze_scale_factor: 0.02,
    autovacuum_vacuum_insert_scale_factor: 0.1,
    idle_in_transaction_session_timeout: '5min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Statements, values and error details may hold patient data: none of them is written to the log.
    // LOG ranks above ERROR here, so the server still says when it is ready.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: 0,
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: -1,
    log_line_prefix: '',
  }
}

/** What this process may use: the limit of its container, or the machine's memory. */
function usableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

export function settingsFile(settings: Settings): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  )
  return [
    '# Written by Passerelle at each start. Use ALTER SYSTEM for settings of your own.',
    ...lines,
    '',
  ].join('\n')
}

/** Only with a password, and only through the socket: the server listens on no address. */
export const ACCESS_FILE = 'local all all scram-sha-256\n'
