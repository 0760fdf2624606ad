/** Clears away, once a day, bytes of Binaries that were never committed. */
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import { sweepBinaries } from '../store/index.ts'

const DAY_MS = 24 * 3_600_000
/** Not while everything else starts. */
const FIRST_MS = 10 * 60_000

export function makeBinarySweeper({
  db,
  binaryBlobs,
  log,
}: Pick<Ground, 'db' | 'binaryBlobs' | 'log'>): Part {
  let timer: NodeJS.Timeout | undefined
  let sweeping: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
    try {
      const removed = await sweepBinaries(db, binaryBlobs)
      if (removed > 0) log.info({ removed }, 'removed binaries that nothing refers to')
    } catch (error) {
      log.warn({ error }, 'could not sweep binaries')
    }
  }

  function next(ms: number): void {
    timer = setTimeout(() => {
      sweeping = sweep().finally(() => next(DAY_MS))
    }, ms)
    timer.unref()
  }

  return {
    name: 'binaries',
    start: async () => next(FIRST_MS),
    async stop() {
      await sweeping
      clearTimeout(timer)
    },
  }
}
