/**
 * Makes n of each record that the store has loaded, in bulk: the rows are those that the store would have written
 * (check-copies.ts looks), but come ten times as fast. Two connections take one table after another.
 */
import { Client } from 'pg'

import type { TenantId } from '../../src/kernel/ids.ts'
import { checkCopies } from './check-copies.ts'
import { type Copies } from './copies.ts'
import { fill, nameBase, putAside, type Steps, TABLES } from './copy-tables.ts'

const CONNECTIONS = 2

export interface TableCopied {
  readonly rows: number
  readonly fillSeconds: number
  readonly indexSeconds: number
  readonly rowsPerSecond: number
}

export interface Multiplied {
  readonly asideSeconds: number
  readonly tables: Readonly<Record<string, TableCopied>>
  readonly seconds: number
  readonly checked: { readonly resources: number; readonly rows: number; readonly seconds: number }
}

/** A place for what the load keeps beside the tables; the numbers of the base begin where its copies have room below. */
export async function prepareCopies(url: string, { firstRid }: Copies): Promise<void> {
  await using owner = await connect(url)
  await owner.client.query('create schema bench')
  await owner.client.query(
    'create unlogged table bench.variant (hash bigint primary key, text text not null)',
  )
  await owner.client.query(`select setval('passerelle.resource_number', ${firstRid})`)
}

export async function multiply(
  url: string,
  tenant: { readonly id: TenantId; readonly timezone: string },
  copies: Copies,
): Promise<Multiplied> {
  const started = performance.now()
  await using one = await connect(url)
  await using other = await connect(url)
  const clients = [one.client, other.client]
  const steps = await nameBase(one.client, copies.firstRid)
  await eachTable(clients, putAside)
  const aside = performance.now()
  const tables = await fillAll(clients, copies, steps)
  const filled = performance.now()
  const checked = await checkCopies(one.client, tenant, copies, steps)
  await one.client.query('drop schema bench cascade')
  return {
    asideSeconds: seconds(aside - started),
    tables,
    seconds: seconds(filled - started),
    checked: { ...checked, seconds: seconds(performance.now() - filled) },
  }
}

async function fillAll(clients: readonly Client[], copies: Copies, steps: Steps) {
  const tables: Record<string, TableCopied> = {}
  await eachTable(clients, async (client, table) => {
    const { rows, fillSeconds, indexSeconds } = await fill(client, table, copies, steps)
    const took = fillSeconds + indexSeconds
    tables[table] = {
      rows,
      fillSeconds: Math.round(fillSeconds),
      indexSeconds: Math.round(indexSeconds),
      rowsPerSecond: Math.round(rows / took),
    }
    console.error(
      `${table}: ${rows} rows in ${took.toFixed(1)} s, of it ${indexSeconds.toFixed(1)} s indexes`,
    )
  })
  return tables
}

async function eachTable(
  clients: readonly Client[],
  work: (client: Client, table: (typeof TABLES)[number]) => Promise<void>,
): Promise<void> {
  const tables = TABLES.values()
  const one = async (client: Client) => {
    for (const table of tables) await work(client, table)
  }
  await Promise.all(clients.slice(0, CONNECTIONS).map(one))
}

async function connect(url: string) {
  const client = new Client({
    connectionString: url,
    options: '-c jit=off -c work_mem=256MB -c timezone=UTC',
  })
  await client.connect()
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
