/** `passerelle tenant`: makes and lists tenants. */
import { parseArgs } from 'node:util'
import { makeTenants, type Tenants } from '../access/index.ts'
import { borrowDatabase } from '../database.ts'
import { systemClock } from '../kernel/clock.ts'
import { openDb } from '../store/index.ts'
import { usageFailure, type Command, type Io } from './command.ts'

export const tenant: Command = {
  name: 'tenant',
  summary: 'create and list tenants',
  usage: `Usage: passerelle tenant list
       passerelle tenant create KEY [--name NAME] [--timezone ZONE]

KEY stands in every path of the tenant: lower-case letters, digits and hyphens, at most 63.

  --name NAME      as people call it; the key, unless given
  --timezone ZONE  IANA name, Europe/Paris unless given: what a time without an offset means
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { name: { type: 'string' }, timezone: { type: 'string' } },
    })
    const [action, key, ...more] = positionals
    if (more.length > 0) throw usageFailure(`too many words: ${more.join(' ')}`)
    if (action === 'list' && key === undefined) return withTenants(io, (tenants) => list(tenants, io))
    if (action === 'create' && key !== undefined) {
      return withTenants(io, async (tenants) => {
        const made = await tenants.create({ key, ...values })
        io.out(`${made.key}\n`)
      })
    }
    throw usageFailure('list, or create with a key')
  },
}

async function list(tenants: Tenants, io: Io): Promise<void> {
  for (const { key, name, timezone } of await tenants.list()) io.out(`${key}\t${timezone}\t${name}\n`)
}

async function withTenants(io: Io, work: (tenants: Tenants) => Promise<void>): Promise<void> {
  await using database = await borrowDatabase(io.config(), io.log())
  await using db = openDb({ url: database.url })
  await work(makeTenants({ db, clock: systemClock }))
}
