/**
 * Searches at 16 clients over laboratory results: by identifier, patient, patient + code by date, a frequent code newest
 * first, an unknown code, an OR list of 200, a sort over everything. `--resources N` sets the size (default 50,000).
 */
import { parseArgs } from 'node:util'

import { openClients } from './fhir.ts'
import { measure } from './support/measure.ts'
import { sendTargets, transactionOf } from './support/observations.ts'
import { startServer } from './support/server.ts'

const CLIENTS = 16
const SECONDS = 4
const BUNDLE = 200

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: { resources: { type: 'string', default: '50000' } },
  })
  const resources = Number(values.resources)
  await using server = await startServer()
  const clients = await openClients(server, CLIENTS)
  await sendTargets(server, clients[0]!)

  let next = 0
  const loadStarted = performance.now()
  await Promise.all(
    clients.slice(0, 4).map(async (client) => {
      while (next < resources) {
        const first = next
        next += BUNDLE
        const answer = await client.send('POST', server.fhir, transactionOf(first, BUNDLE))
        if (answer.status !== 200)
          throw new Error(`loading failed: ${answer.status} ${answer.body.slice(0, 300)}`)
      }
    }),
  )
  const loadSeconds = (performance.now() - loadStarted) / 1000

  const patient = (n: number) => `subject=Patient/bench-${n % 1000}`
  const searches: Record<string, (n: number) => string> = {
    identifier: (n) => `identifier=urn:oid:1.2.250.1.999.1|RES-${(n * 7919) % resources}`,
    patient: (n) => patient(n),
    'patient and code by date': (n) => `${patient(n)}&code=http://loinc.org|718-7&_sort=-date`,
    'frequent code, newest first': () => 'code=http://loinc.org|718-7',
    'frequent code by date': () => 'code=http://loinc.org|718-7&_sort=-date',
    'unknown code': (n) => `code=http://loinc.org|none-${n}`,
    'date range of a patient': (n) => `${patient(n)}&date=ge2026-01-05&date=lt2026-03-01`,
    'OR list of 200 patients': (n) =>
      `subject=${Array.from({ length: 200 }, (_, i) => `Patient/bench-${(n + i) % 1000}`).join(',')}`,
    'all by date': () => '_sort=date',
  }
  const results: Record<string, unknown> = {}
  for (const [name, query] of Object.entries(searches)) {
    const usage = server.measureUsage()
    const measured = await measure({ clients: CLIENTS, seconds: SECONDS }, async (client, count) => {
      const path = `${server.fhir}/Observation?${query(count)}&_count=20`.replaceAll('|', '%7C')
      return (await clients[client]!.send('GET', path)).status === 200
    })
    results[name] = { ...measured, usage: usage() }
  }
  for (const client of clients) client[Symbol.dispose]()
  return {
    resources,
    loadPerSecond: Math.round(resources / loadSeconds),
    clients: CLIENTS,
    searches: results,
  }
}
