/** `passerelle serve`: the server itself. */
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { unknownVariables, type Config } from '../config.ts'
import { start, type Running } from '../main.ts'
import type { Command } from './command.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'start the server',
  usage: `Usage: passerelle serve

Starts the server and runs until SIGTERM or SIGINT: then it takes nothing new, finishes what is in flight, stops the
database and exits with 0. A second signal ends it at once. It is set up by environment variables; the README has
the table.
`,
  async run(args, io) {
    parseArgs({ args: [...args], options: {} })
    tuneCollector()
    const config = io.config()
    const stopped = io.untilStopped()
    const log = io.log('out')
    for (const variable of unknownVariables()) log.warn({ variable }, 'unknown variable: a typing error?')
    await using running = await start(config, { log })
    io.out(greeting(running, config))
    await Promise.race([stopped, running.failed])
    log.info({}, 'stopping')
    await running.stop()
    log.info({}, 'stopped')
  },
}

/**
 * Images and bodies pass through in buffers outside the heap. V8 collects the whole heap for every 64 MB of them; counted
 * with the heap instead they cost half as much (C-STORE 60 → 100 MB/s, memory 340 → 390 MB).
 * Young objects of requests need 32 MB to die in, which only the command line can say (`npm start` does: unless told, V8
 * takes 64); what is said here holds for the threads that are started later, and theirs need less. The old ones are collected
 * when they have grown by 60 %, not when they have doubled and doubled again. See docs/decisions/0005.
 */
function tuneCollector(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--max-semi-space-size=16')
  setFlagsFromString('--heap-growing-percent=60')
}

/** Where everything is, and once the generated credentials. */
function greeting({ version, endpoints, credentials, database }: Running, config: Config): string {
  const rows: [string, string][] = [
    ...endpoints.map(({ name, url }): [string, string] => [name, url]),
    ['Data', `${config.dataDir} (${database === 'embedded' ? 'embedded PostgreSQL, blobs' : 'blobs'})`],
  ]
  const secrets: [string, string][] =
    credentials === undefined
      ? []
      : [
          ['Tenant', credentials.tenantKey],
          ['Client id', credentials.clientId],
          ['Client secret', `${credentials.clientSecret}   (shown only this once)`],
        ]
  const sections = [rows, secrets].filter((section) => section.length > 0).map(table)
  return ['', `Passerelle ${version} is ready.`, '', ...sections, ''].join('\n')
}

function table(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')
}
