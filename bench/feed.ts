/**
 * A mixed feed of all message types through journal, workers, mapping and store, sent twice. Says what was held, what is
 * not valid R4, what dangles, and whether the store is the same after the second time.
 * `--messages N` (10,000), `--seed N` (4).
 */
import { parseArgs } from 'node:util'

import { openDb } from '../src/store/db.ts'
import { makeFeed } from '../test/support/feed/feed.ts'
import { feedRunner, type StoredResource } from '../test/support/feed/run.ts'
import { databaseUrl, ownerStatement, startTestPostgres, TEMPLATE } from '../test/support/postgres.ts'
import type { TenantId } from '../src/kernel/ids.ts'

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...args],
    options: { messages: { type: 'string', default: '10000' }, seed: { type: 'string', default: '4' } },
  })
  const postgres = await startTestPostgres()
  try {
    await ownerStatement(postgres.url, `create database feed template ${TEMPLATE} strategy file_copy`)
    const url = databaseUrl(postgres.url, 'feed')
    await using db = openDb({ url })
    const [tenant] = await ownerStatement<{ id: TenantId }>(
      url,
      `insert into passerelle.tenant (key, name) values ('test', 'test') returning id`,
    )
    await using runner = await feedRunner({
      db,
      tenant: tenant!.id,
      ownerQuery: (text, parameters) => ownerStatement(url, text, parameters),
    })
    return await judge(runner, Number(values.messages), Number(values.seed))
  } finally {
    await postgres.stop()
  }
}

async function judge(runner: Awaited<ReturnType<typeof feedRunner>>, count: number, seed: number) {
  const feed = makeFeed({ program: runner.program, seed, count })
  const timed = async () => {
    const begun = performance.now()
    await runner.send(feed)
    return Math.round(count / ((performance.now() - begun) / 1000))
  }
  const first = await timed()
  const [states, problems, once] = [await runner.states(), await runner.problems(), await runner.resources()]
  const resent = await timed()
  const twice = await runner.resources()
  return {
    messages: count,
    resources: once.length,
    perSecond: { first, resent },
    states,
    problems: { count: problems.length, first: problems.slice(0, 5) },
    afterResend: { changed: differences(once, twice) },
  }
}

/** Resources that are not the same, by name. */
function differences(before: readonly StoredResource[], after: readonly StoredResource[]) {
  const text = ({ content, version }: StoredResource): string => `${version} ${content}`
  const known = new Map(before.map((each) => [`${each.type}/${each.id}`, text(each)]))
  const other = after.filter((each) => known.get(`${each.type}/${each.id}`) !== text(each))
  const first = other.slice(0, 3).map(({ type, id }) => `${type}/${id}`)
  return { count: other.length, lost: before.length - after.length, first }
}
