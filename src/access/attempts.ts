/** Counts failed attempts in this process, so that guessing a secret takes for ever. A bucket that refills steadily. */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kernel/clock.ts'

export interface Attempts {
  /** Seconds to wait before the next attempt; 0: go ahead. */
  waitSeconds(key: string): number
  failed(key: string): void
}

export interface AttemptsLimit {
  /** Failures in a row that are let through. */
  readonly burst: number
  /** One more is let through after this. */
  readonly refillMs: number
}

const MAX_KEYS = 20_000

export function makeAttempts(clock: Clock, { burst, refillMs }: AttemptsLimit): Attempts {
  // Moments until which the bucket is not full again: each failure pushes it on by one refill.
  const fullAt = new LRUCache<string, number>({ max: MAX_KEYS })
  return {
    waitSeconds(key) {
      const until = (fullAt.get(key) ?? 0) - (burst - 1) * refillMs
      return Math.max(0, Math.ceil((until - clock.now()) / 1000))
    },
    failed(key) {
      fullAt.set(key, Math.max(fullAt.get(key) ?? 0, clock.now()) + refillMs)
    },
  }
}

/** Where attempts come from: an IPv4 address, or the /64 of an IPv6 one, which is one customer's whole network. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  if (!address.includes(':')) return address
  const [head, tail] = address.split('::', 2) as [string, string | undefined]
  const groups = head.split(':').filter((group) => group !== '')
  const missing =
    tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter((group) => group !== '').length
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')]
    .slice(0, 4)
    .join(':')
}
