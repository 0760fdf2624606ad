/** The clients of a tenant as rows. Their secrets are hashes; see src/access/secret.ts. */
import type { TenantId } from '../kernel/ids.ts'
import type { Db, Tx } from './db.ts'

export interface ClientRow {
  readonly id: string
  readonly name: string
  readonly secret: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  /** Raised by each rotation; a token of a lower one is refused. */
  readonly generation: number
  readonly createdAt: Date
  readonly rotatedAt: Date | null
  readonly revokedAt: Date | null
}

const COLUMNS = `id, name, secret, scopes, roles, generation,
  created_at as "createdAt", rotated_at as "rotatedAt", revoked_at as "revokedAt"`

/** The tenant of a client id, which is unique over all tenants. */
export async function tenantOfClient(db: Db, id: string): Promise<TenantId | undefined> {
  const [row] = await db.system<{ tenant: TenantId | null }>({
    name: 'client-tenant',
    text: 'select tenant_of_client($1) as tenant',
    values: [id],
  })
  return row?.tenant ?? undefined
}

export async function findClient(db: Db, tenant: TenantId, id: string): Promise<ClientRow | undefined> {
  const [row] = await db.query<ClientRow>(tenant, {
    name: 'client-by-id',
    text: `select ${COLUMNS} from client where tenant = current_tenant() and id = $1`,
    values: [id],
  })
  return row
}

export function listClients(db: Db, tenant: TenantId): Promise<ClientRow[]> {
  const text = `select ${COLUMNS} from client where tenant = current_tenant() order by created_at, id`
  return db.query<ClientRow>(tenant, { text, values: [] })
}

/** Until the transaction ends nobody else is the first to make a client for this tenant. True: there is one already. */
export async function hasClientLocked(tx: Tx): Promise<boolean> {
  void tx.query({
    text: `select pg_advisory_xact_lock(hashtextextended('first-client', current_tenant()))`,
    values: [],
  })
  const text = 'select exists (select from client where tenant = current_tenant()) as found'
  const [row] = await tx.query<{ found: boolean }>({ text, values: [] })
  return row!.found
}

/** @throws Failure `conflict`/`write-conflict` when a tenant has the id already */
export async function insertClient(
  tx: Tx,
  client: Pick<ClientRow, 'id' | 'name' | 'secret' | 'scopes' | 'roles'>,
): Promise<ClientRow> {
  // Awaited: its failure says that the id is taken, that of the statement behind it only that something failed.
  await tx.query({ text: 'select claim_client_id($1)', values: [client.id] })
  const [row] = await tx.query<ClientRow>({
    text: `
      insert into client (tenant, id, name, secret, scopes, roles)
      values (current_tenant(), $1, $2, $3, $4::text[], $5::text[]) returning ${COLUMNS}`,
    values: [client.id, client.name, client.secret, client.scopes, client.roles],
  })
  return row!
}

/** False when there is no such client, or it is revoked. */
export async function replaceSecret(tx: Tx, id: string, secret: string): Promise<boolean> {
  const rows = await tx.query({
    text: `
      update client set secret = $2, generation = generation + 1, rotated_at = now()
      where tenant = current_tenant() and id = $1 and revoked_at is null returning id`,
    values: [id, secret],
  })
  return rows.length > 0
}

/** False when there is no such client, or it is revoked already. */
export async function revokeClient(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query({
    text: `
      update client set revoked_at = now()
      where tenant = current_tenant() and id = $1 and revoked_at is null returning id`,
    values: [id],
  })
  return rows.length > 0
}
