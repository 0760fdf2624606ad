/**
 * A search parameter needs no pass over the resources of a type that has none: those to come are indexed as they are
 * written. Once no transaction runs that may not know of it, and there is still no resource, it is as good as indexed.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import { typesInUse } from '../search/statements/index.ts'
import { toStatement } from '../search/sql.ts'
import type { OwnModelParameter } from './model.ts'

/** Who may not know of a change is who runs when it is there for all to see. */
const WAIT_FOR_RUNNING = `
  update search_parameter set waits_for = running_transactions() where tenant = $1::int and waits_for is null`

const KNOWN_TO_ALL = `
  select number::text from search_parameter
  where tenant = $1::int and waits_for is not null and not waits_for && running_transactions()`

const SETTLE = `
  with settled as (
    update search_parameter p set done = array(select distinct unnest(p.done || n.types::text[]))
    from unnest($2::bigint[], $3::text[]) as n(number, types)
    where p.tenant = $1::int and p.number = n.number returning 1
  )
  insert into search_revision as r (tenant, revision) select $1::int, 1 where exists (select from settled)
  on conflict (tenant) do update set revision = r.revision + 1`

const FORGET = `delete from search_parameter where tenant = $1::int and number = any($2::bigint[])`

/** `settled`: something came of it, and there is another revision. `waiting`: some transaction still runs. */
export async function settle(
  db: Db,
  tenant: TenantId,
  parameters: readonly OwnModelParameter[],
): Promise<'settled' | 'waiting' | 'nothing'> {
  const run = <Row>(name: string, text: string, ...values: unknown[]) =>
    db.query<Row>(tenant, { name, text, values: [tenant, ...values] })
  const clean = parameters.filter(({ retired, open }) => retired && open.length === 0)
  if (clean.length > 0) await run('forget-parameters', FORGET, numbersOf(clean))

  const unfinished = parameters.filter(({ open }) => open.length > 0)
  if (unfinished.length === 0) return 'nothing'
  await run('wait-for-running', WAIT_FOR_RUNNING)
  const known = await run<{ number: string }>('known-to-all', KNOWN_TO_ALL)
  const settling = unfinished.filter(({ number }) => known.some((one) => one.number === number))
  if (settling.length === 0) return 'waiting'
  // Looked up after everybody knew: what is written now is indexed.
  const rows = await db.query<{ type: string }>(tenant, toStatement(typesInUse(tenant)))
  const inUse = new Set(rows.map(({ type }) => type))
  const settled = settling
    .map((one) => ({ ...one, free: one.open.filter((type) => !inUse.has(type)) }))
    .filter(({ free }) => free.length > 0)
  if (settled.length === 0) return settling.length < unfinished.length ? 'waiting' : 'nothing'
  const free = settled.map((one) => `{${one.free.join(',')}}`)
  await run('settle-parameters', SETTLE, numbersOf(settled), free)
  return 'settled'
}

function numbersOf(parameters: readonly OwnModelParameter[]): string[] {
  return parameters.map(({ number }) => number)
}
