/** For tests: every backend that a queue can have, each of its own. */
import { testDatabase } from '../../../test/support/database.ts'
import { hasProgram } from '../../../test/support/programs.ts'
import { testRedis } from '../../../test/support/redis.ts'
import { migrateQueue, type QueueBackend } from '../index.ts'

interface Backing extends AsyncDisposable {
  readonly backend: QueueBackend
}

export const backends: Record<string, { readonly missing: boolean; open(): Promise<Backing> }> = {
  postgres: {
    missing: false,
    async open() {
      const database = await testDatabase()
      await migrateQueue(database.url)
      return {
        backend: { kind: 'postgres', url: database.url },
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      }
    },
  },
  redis: {
    missing: !hasProgram('redis-server'),
    async open() {
      const redis = await testRedis()
      return {
        backend: { kind: 'redis', url: redis.url },
        [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
      }
    },
  },
}
