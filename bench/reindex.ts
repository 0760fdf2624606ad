/**
 * What a $reindex costs those who search meanwhile: a mix of searches at 4 clients before and while the index of
 * laboratory results gets a parameter of the tenant's own, and how long that takes. `--resources N` (default 30,000).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { openClients } from './fhir.ts'
import type { HttpClient } from './support/http-client.ts'
import { measure } from './support/measure.ts'
import { sendTargets, transactionOf } from './support/observations.ts'
import { type BenchServer, startServer } from './support/server.ts'

const CLIENTS = 4
const SECONDS = 5
const BUNDLE = 200

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: { resources: { type: 'string', default: '30000' } },
  })
  const resources = Number(values.resources)
  await using server = await startServer()
  const clients = await openClients(server, CLIENTS)
  const [first] = clients
  await sendTargets(server, first!)
  await load(server, clients, resources)
  const before = await searches(server, clients, resources)

  const definition = await first!.send('PUT', `${server.fhir}/SearchParameter/low`, JSON.stringify(LOW))
  if (definition.status !== 201) throw new Error(definition.body)
  const begun = await first!.send('POST', `${server.fhir}/Observation/$reindex`)
  if (begun.status !== 202) throw new Error(begun.body)
  const path = new URL(/"valueUrl":"([^"]+)"/.exec(begun.body)![1]!).pathname
  const started = performance.now()
  const during = await searches(server, clients, resources)
  const usage = server.measureUsage()
  const rest = performance.now()
  let body = ''
  for (let status = 202; status === 202;) {
    await sleep(100)
    ;({ status, body } = await first!.send('GET', path))
  }
  const seconds = (performance.now() - started) / 1000
  for (const client of clients) client[Symbol.dispose]()
  return {
    resources,
    searches: { clients: CLIENTS, before, during },
    reindex: {
      seconds,
      perSecond: Math.round(resources / seconds),
      changed: Number(/"changed","valueDecimal":(\d+)/.exec(body)?.[1]),
      alone: { seconds: (performance.now() - rest) / 1000, usage: usage() },
    },
  }
}

const LOW = {
  resourceType: 'SearchParameter',
  id: 'low',
  url: 'http://example.org/sp/low',
  name: 'Low',
  description: 'The lower end of what is normal',
  status: 'active',
  code: 'low',
  base: ['Observation'],
  type: 'quantity',
  expression: 'Observation.referenceRange.low',
}

async function load(server: BenchServer, clients: readonly HttpClient[], resources: number): Promise<void> {
  let next = 0
  await Promise.all(
    clients.map(async (client) => {
      while (next < resources) {
        const from = next
        next += BUNDLE
        const { status, body } = await client.send('POST', server.fhir, transactionOf(from, BUNDLE))
        if (status !== 200) throw new Error(`loading failed: ${status} ${body.slice(0, 300)}`)
      }
    }),
  )
}

function searches(server: BenchServer, clients: readonly HttpClient[], resources: number) {
  return measure({ clients: CLIENTS, seconds: SECONDS }, async (client, count) => {
    const queries = [
      `identifier=urn:oid:1.2.250.1.999.1%7CRES-${(count * 7919) % resources}`,
      `subject=Patient/bench-${count % 1000}&code=http://loinc.org%7C718-7&_sort=-date`,
      'code=http://loinc.org%7C718-7',
      `code=http://loinc.org%7Cnone-${count}`,
    ]
    const path = `${server.fhir}/Observation?${queries[count % queries.length]}&_count=20`
    return (await clients[client]!.send('GET', path)).status === 200
  })
}
