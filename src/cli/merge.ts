/** `passerelle merge list`: what messages said of two records, so that an administrator knows what can be taken back. */
import { parseArgs } from 'node:util'

import { borrowDatabase } from '../database.ts'
import { toInstant } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { findTenant, listReassignments, openDb, type ReassignmentRecord } from '../store/index.ts'
import { type Command, usageFailure } from './command.ts'

export const merge: Command = {
  name: 'merge',
  summary: 'list merges, moves and changes of number',
  usage: `Usage: passerelle merge list --tenant KEY [--limit NUMBER]

Prints when, what was done, from which record into which, how many resources got a new version, the message, and whether
it was undone; the latest first. A merge is undone by POST /t/KEY/fhir/TYPE/ID/$unmerge on the record that was merged.

  --tenant KEY    required
  --limit NUMBER  50 unless given
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { tenant: { type: 'string' }, limit: { type: 'string', default: '50' } },
    })
    if (positionals.join(' ') !== 'list') throw usageFailure('list is all it can do')
    if (values.tenant === undefined) throw usageFailure('--tenant is missing')
    if (!/^[1-9]\d{0,8}$/.test(values.limit)) throw usageFailure('--limit must be a number')
    await using database = await borrowDatabase(io.config(), io.log())
    await using db = openDb({ url: database.url, maxConnections: 2 })
    const tenant = await findTenant(db, values.tenant)
    if (tenant === undefined) throw new Failure('not-found', 'tenant-unknown', { key: values.tenant })
    for (const record of await listReassignments(db, tenant.id, Number(values.limit)))
      io.out(`${describe(record)}\n`)
  },
}

function describe({
  doneAt,
  does,
  type,
  from,
  to,
  what,
  moved,
  source,
  undoneAt,
}: ReassignmentRecord): string {
  const records = [`${type}/${from}`, `${type}/${to}`]
  const undone = undoneAt === undefined ? 'in force' : `undone ${toInstant(undoneAt)}`
  return [toInstant(doneAt), does, ...records, what ?? '', `${moved} moved`, source, undone].join('\t')
}
