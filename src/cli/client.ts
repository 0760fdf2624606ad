/** `passerelle client`: makes clients, gives them new secrets, shuts them out, lists them. */
import { parseArgs } from 'node:util'
import { makeClients, makeTenants, type Client, type Clients, type Tenants } from '../access/index.ts'
import { borrowDatabase } from '../database.ts'
import { systemClock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { openDb, type AuditAgent } from '../store/index.ts'
import { usageFailure, type Command, type Io } from './command.ts'

export const client: Command = {
  name: 'client',
  summary: 'create, list, rotate and revoke the programs that may ask for tokens',
  usage: `Usage: passerelle client list   [--tenant KEY]
       passerelle client create [--tenant KEY] --name NAME --scope SCOPE [--scope SCOPE …] [--role admin] [--id ID]
       passerelle client rotate ID
       passerelle client revoke ID

create and rotate print the client's secret; it is shown this once. After rotate and revoke the old secret and all
tokens that are out are refused within two seconds.

  --tenant KEY   the tenant; the bootstrap tenant, unless given
  --name NAME    as people call it
  --scope SCOPE  what its tokens may do at most: system/Observation.rs, system/*.cruds, system/*.read …
  --role ROLE    admin: may use the administration API
  --id ID        made from the name, unless given
`,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [action, id, ...more] = positionals
    if (more.length > 0) throw usageFailure(`too many words: ${more.join(' ')}`)
    const work = taskOf(action, id, values)
    await using database = await borrowDatabase(io.config(), io.log())
    await using db = openDb({ url: database.url })
    await work({
      io,
      clients: makeClients({ db, clock: systemClock }),
      tenants: makeTenants({ db, clock: systemClock }),
    })
  },
}

const OPTIONS = {
  tenant: { type: 'string' },
  name: { type: 'string' },
  scope: { type: 'string', multiple: true },
  role: { type: 'string', multiple: true },
  id: { type: 'string' },
} as const

interface Values {
  readonly tenant?: string
  readonly name?: string
  readonly scope?: string[]
  readonly role?: string[]
  readonly id?: string
}

interface Desk {
  readonly io: Io
  readonly clients: Clients
  readonly tenants: Tenants
}

const BY: AuditAgent = { id: 'cli', kind: 'system' }

/** Whatever can be wrong with the words is found before the database is opened. */
function taskOf(
  action: string | undefined,
  id: string | undefined,
  values: Values,
): (desk: Desk) => Promise<void> {
  if (action === 'list' && id === undefined) return (desk) => list(desk, values.tenant)
  if (action === 'create' && id === undefined) {
    const { name, scope: scopes } = values
    if (name === undefined || scopes === undefined) throw usageFailure('create needs --name and --scope')
    return (desk) => create(desk, values, name, scopes)
  }
  if (id !== undefined && action === 'rotate') return (desk) => rotate(desk, id)
  if (id !== undefined && action === 'revoke') return (desk) => revoke(desk, id)
  throw usageFailure('list, create, or rotate or revoke with an id')
}

async function list(desk: Desk, key: string | undefined): Promise<void> {
  for (const one of await desk.clients.list(await tenantId(desk, key))) desk.io.out(`${line(one)}\n`)
}

function line({ id, name, scopes, roles, revokedAt }: Client): string {
  return [id, revokedAt === null ? 'active' : 'revoked', roles.join(' ') || '-', scopes.join(' '), name].join(
    '\t',
  )
}

async function create(desk: Desk, values: Values, name: string, scopes: readonly string[]): Promise<void> {
  const tenant = await tenantId(desk, values.tenant)
  const wanted = { name, scopes, roles: values.role ?? [], ...(values.id !== undefined && { id: values.id }) }
  const { client: made, secret } = await desk.clients.create(tenant, wanted, BY)
  show(desk.io, made.id, secret)
}

async function rotate(desk: Desk, id: string): Promise<void> {
  const { secret } = await desk.clients.rotate(await tenantOf(desk, id), id, BY)
  show(desk.io, id, secret)
}

async function revoke(desk: Desk, id: string): Promise<void> {
  await desk.clients.revoke(await tenantOf(desk, id), id, BY)
}

function show(io: Io, id: string, secret: string): void {
  io.out(`client_id\t${id}\nclient_secret\t${secret}\n`)
  io.err('The secret is stored only as a hash: it is not shown again.\n')
}

async function tenantId({ io, tenants }: Desk, given: string | undefined): Promise<TenantId> {
  const key = given ?? io.config().bootstrap.tenant
  const tenant = await tenants.find(key)
  if (tenant === undefined) throw new Failure('not-found', 'tenant-unknown', { key })
  return tenant.id
}

async function tenantOf({ clients }: Desk, id: string): Promise<TenantId> {
  const found = await clients.find(id)
  if (found === undefined) throw new Failure('not-found', 'client-unknown', { client: id })
  return found.tenant
}
