/** Where the queues are: in PostgreSQL, or in Redis for several machines. */
import { migrateQueue, type QueueBackend } from '../jobs/index.ts'
import type { Ground } from '../parts.ts'

/** With its tables, where it needs some. */
export async function queueBackend({
  config,
  databaseUrl,
}: Pick<Ground, 'config' | 'databaseUrl'>): Promise<QueueBackend> {
  if (config.redisUrl !== undefined) return { kind: 'redis', url: config.redisUrl }
  await migrateQueue(databaseUrl)
  return { kind: 'postgres', url: databaseUrl }
}
