/** Runs an action from several clients for a while and says how fast it was. */

export interface Measured {
  readonly perSecond: number
  readonly done: number
  readonly failed: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Run {
  readonly clients: number
  readonly seconds: number
  /** Not counted, before the clock starts. */
  readonly warmUpSeconds?: number
}

/** `act` gets the client's number and a count that is never the same twice; false counts as failed. */
export async function measure(
  { clients, seconds, warmUpSeconds = 1 }: Run,
  act: (client: number, count: number) => Promise<boolean>,
): Promise<Measured> {
  const latencies: number[] = []
  let failed = 0
  let count = 0
  const begin = performance.now() + warmUpSeconds * 1000
  const end = begin + seconds * 1000

  async function client(number: number): Promise<void> {
    for (;;) {
      const sent = performance.now()
      if (sent >= end) return
      const ok = await act(number, count++)
      const answered = performance.now()
      if (sent < begin || answered > end) continue
      if (ok) latencies.push(answered - sent)
      else failed++
    }
  }

  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  return summarise(latencies, failed, seconds)
}

function summarise(latencies: number[], failed: number, seconds: number): Measured {
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0)
  return {
    perSecond: Math.round(latencies.length / seconds),
    done: latencies.length,
    failed,
    seconds: round(seconds),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: round(latencies.at(-1) ?? 0),
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
