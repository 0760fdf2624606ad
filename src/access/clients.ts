/** The programs that may ask for tokens: made, listed, given new secrets, shut out. Each change leaves its audit row. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import {
  auditStatement,
  findClient,
  hasClientLocked,
  insertClient,
  listClients,
  replaceSecret,
  revokeClient,
  tenantOfClient,
  type AuditAgent,
  type ClientRow,
  type Db,
  type Tx,
} from '../store/index.ts'
import { parseScope } from './scopes.ts'
import { generateSecret, hashChosen, hashGenerated } from './secret.ts'

/** What the administration API gives more than scopes do. */
const ROLES = ['admin'] as const

export interface NewClient {
  /** Made from the name, unless given. Unique over all tenants. */
  readonly id?: string
  readonly name: string
  /** Generated, unless given. */
  readonly secret?: string
  readonly scopes: readonly string[]
  readonly roles?: readonly string[]
}

/** A client as others may see it: without its secret's hash. */
export type Client = Omit<ClientRow, 'secret'>

/** What the checks of each request need of a client. */
interface ClientState {
  readonly generation: number
  readonly revoked: boolean
}

export interface Clients {
  /**
   * `secret` is shown this once and stored only as a hash.
   * @throws Failure `invalid`/`client-id-invalid`, `client-scope-invalid`, `client-role-unknown`; `conflict`/`client-exists`
   */
  create(tenant: TenantId, client: NewClient, by: AuditAgent): Promise<{ client: Client; secret: string }>
  /** As create, unless the tenant has a client already, revoked ones included: then undefined. */
  createFirst(
    tenant: TenantId,
    client: NewClient,
    by: AuditAgent,
  ): Promise<{ client: Client; secret: string } | undefined>
  list(tenant: TenantId): Promise<Client[]>
  /** A new secret. The old one and every token that is out are refused from now on. @throws Failure `not-found`/`client-unknown` */
  rotate(tenant: TenantId, id: string, by: AuditAgent, secret?: string): Promise<{ secret: string }>
  /** For good. Every token that is out is refused from now on. @throws Failure `not-found`/`client-unknown` */
  revoke(tenant: TenantId, id: string, by: AuditAgent): Promise<void>
  /** By an id as a token request names it. Includes the hash of its secret. */
  find(id: string): Promise<{ tenant: TenantId; client: ClientRow } | undefined>
  /** From memory for two seconds: so long may a revocation by another process take. Undefined: no such client. */
  state(tenant: TenantId, id: string): Promise<ClientState | undefined>
}

const FRESH_MS = 2000
const CLIENT_ID = /^[A-Za-z0-9._~:/@-]{1,128}$/

export function makeClients({ db, clock }: { readonly db: Db; readonly clock: Clock }): Clients {
  const states = makeStates(db, clock)

  async function insert(tx: Tx, client: NewClient, secret: string, by: AuditAgent): Promise<Client> {
    const { name, scopes, roles = [] } = client
    const hash = client.secret === undefined ? hashGenerated(secret) : await hashChosen(secret)
    const id = client.id ?? idFrom(name)
    const inserted = insertClient(tx, { id, name, secret: hash, scopes, roles })
    void tx.query(auditStatement([changeRow(clock, 'client-create', 'C', id, by)]))
    return withoutSecret(await inserted)
  }

  return {
    async create(tenant, client, by) {
      check(client)
      const secret = client.secret ?? generateSecret()
      const created = await db
        .transaction(tenant, (tx) => insert(tx, client, secret, by))
        .catch((error: unknown) => Promise.reject(asExisting(error, client.id)))
      return { client: created, secret }
    },
    async createFirst(tenant, client, by) {
      check(client)
      const secret = client.secret ?? generateSecret()
      const created = await db
        .transaction(tenant, async (tx) =>
          (await hasClientLocked(tx)) ? undefined : insert(tx, client, secret, by),
        )
        .catch((error: unknown) => Promise.reject(asExisting(error, client.id)))
      return created && { client: created, secret }
    },
    async list(tenant) {
      return (await listClients(db, tenant)).map(withoutSecret)
    },
    async rotate(tenant, id, by, given) {
      const secret = given ?? generateSecret()
      const hash = given === undefined ? hashGenerated(secret) : await hashChosen(given)
      await changed(tenant, id, by, 'client-rotate', 'U', (tx) => replaceSecret(tx, id, hash))
      return { secret }
    },
    revoke: (tenant, id, by) => changed(tenant, id, by, 'client-revoke', 'D', (tx) => revokeClient(tx, id)),
    async find(id) {
      if (!CLIENT_ID.test(id)) return undefined
      const tenant = await tenantOfClient(db, id)
      const client = tenant === undefined ? undefined : await findClient(db, tenant, id)
      return client && { tenant: tenant!, client }
    },
    state: states.get,
  }

  async function changed(
    tenant: TenantId,
    id: string,
    by: AuditAgent,
    interaction: string,
    action: 'U' | 'D',
    change: (tx: Tx) => Promise<boolean>,
  ): Promise<void> {
    await db.transaction(tenant, async (tx) => {
      if (!(await change(tx))) throw new Failure('not-found', 'client-unknown', { client: id })
      await tx.query(auditStatement([changeRow(clock, interaction, action, id, by)]))
    })
    states.forget(tenant, id)
  }
}

/** What is known of clients between two looks into the database. Concurrent looks share one. */
function makeStates(db: Db, clock: Clock) {
  const known = new Map<string, { state: Promise<ClientState | undefined>; until: number }>()

  async function load(tenant: TenantId, id: string): Promise<ClientState | undefined> {
    const client = await findClient(db, tenant, id)
    return client && { generation: client.generation, revoked: client.revokedAt !== null }
  }

  return {
    // Only asked for clients whose token has our signature, so it cannot be filled with names made up.
    get(tenant: TenantId, id: string): Promise<ClientState | undefined> {
      const key = `${tenant} ${id}`
      const entry = known.get(key)
      if (entry !== undefined && clock.now() < entry.until) return entry.state
      const state = load(tenant, id)
      known.set(key, { state, until: clock.now() + FRESH_MS })
      state.catch(() => known.delete(key))
      return state
    },
    forget(tenant: TenantId, id: string): void {
      known.delete(`${tenant} ${id}`)
    },
  }
}

function check({ id, secret, scopes, roles = [] }: NewClient): void {
  if (id !== undefined && !CLIENT_ID.test(id)) throw new Failure('invalid', 'client-id-invalid')
  if (secret === '') throw new Failure('invalid', 'client-secret-empty')
  const scope = scopes.find((one) => !('grant' in parseScope(one)))
  if (scope !== undefined || scopes.length === 0) {
    throw new Failure('invalid', 'client-scope-invalid', scope === undefined ? {} : { scope })
  }
  const role = roles.find((one) => !(ROLES as readonly string[]).includes(one))
  if (role !== undefined) throw new Failure('invalid', 'client-role-unknown', { role })
}

/** `Lab results` → `lab-results-1f3a9c`: readable in a log, unique without asking. */
function idFrom(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ['client']
  return `${words.join('-').slice(0, 40)}-${randomBytes(3).toString('hex')}`
}

function asExisting(error: unknown, id: string | undefined): unknown {
  const taken = error instanceof Failure && error.code === 'write-conflict'
  return taken ? new Failure('conflict', 'client-exists', { client: id }) : error
}

function withoutSecret({ secret: _secret, ...client }: ClientRow): Client {
  return client
}

function changeRow(clock: Clock, interaction: string, action: 'C' | 'U' | 'D', id: string, by: AuditAgent) {
  return {
    at: clock.now(),
    kind: 'admin',
    interaction,
    action,
    outcome: 0,
    agent: by,
    entities: [{ type: 'client', id }],
    patients: [],
  } as const
}
