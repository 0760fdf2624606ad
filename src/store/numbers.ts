/** Hands out resource numbers from blocks that the database gives, so that a number costs no round trip. */
import type { Db } from './db.ts'

/** Must be the sequence's increment. */
const BLOCK = 1000

export interface ResourceNumbers {
  /** `count` rising numbers. */
  take(count: number): Promise<number[]>
}

export function makeResourceNumbers(db: Db): ResourceNumbers {
  let next = 0
  let end = 0
  let refill: Promise<void> | undefined

  async function fetchBlock(): Promise<void> {
    const [row] = await db.system<{ block: string }>({
      name: 'take-resource-numbers',
      text: `select nextval('resource_number') as block`,
      values: [],
    })
    next = Number(row!.block)
    end = next + BLOCK
  }

  return {
    async take(count) {
      const taken: number[] = []
      while (taken.length < count) {
        if (next < end) {
          taken.push(next++)
        } else {
          refill ??= fetchBlock().finally(() => {
            refill = undefined
          })
          await refill
        }
      }
      return taken
    },
  }
}
