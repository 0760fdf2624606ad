/** What the program is made of: every part, wired to the ground that all of them stand on. */
import express from 'express'
import type { GeneratedCredentials } from './access/index.ts'
import type { Config } from './config.ts'
import { makeObserver } from './http/observe.ts'
import { makeProbes } from './http/probes.ts'
import { makeHttpServer } from './http/server.ts'
import { defaultHttpSettings } from './http/settings.ts'
import type { Health } from './health.ts'
import type { Clock } from './kernel/clock.ts'
import type { Log } from './kernel/log.ts'
import type { Part } from './lifecycle.ts'
import type { Metrics } from './metrics.ts'
import type { BlobStore } from './store/blobs/index.ts'
import type { Db } from './store/db.ts'

/** What is there before any part starts, and after all have stopped. */
export interface Ground {
  readonly config: Config
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly db: Db
  /** The owner's URL, for what needs connections of its own. */
  readonly databaseUrl: string
  readonly blobs: BlobStore
  readonly health: Health
  readonly metrics: Metrics
}

export interface Composition {
  /** In the order in which they start. */
  readonly parts: readonly Part[]
  /** Generated at this start, shown once, kept nowhere in the clear. */
  readonly credentials?: GeneratedCredentials
}

export async function composeParts(ground: Ground): Promise<Composition> {
  return { parts: [makeHttpPart(ground)] }
}

function makeHttpPart({ config, version, log, health, metrics }: Ground): Part {
  const observe = makeObserver({ log, metrics: metrics.http, maxInFlight: defaultHttpSettings.maxInFlight })
  const app = express().use(observe, makeProbes({ version, health, metrics }))
  const server = makeHttpServer(app, defaultHttpSettings)
  return {
    name: 'HTTP',
    async start() {
      const { host, port } = await server.listen(config.host, config.httpPort)
      return [{ name: 'Health', url: `${httpUrl(host, port)}/health` }]
    },
    stop: () => server.stop(),
  }
}

/** IPv6 addresses stand in brackets. RFC 3986 §3.2.2 */
function httpUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
