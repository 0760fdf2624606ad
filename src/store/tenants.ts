/** The tenants as rows: no row-level security, because a tenant is looked up before anything is known. */
import type { TenantId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface Tenant {
  readonly id: TenantId
  /** As it stands in paths: lower case, digits, hyphens. */
  readonly key: string
  readonly name: string
  /** IANA name: what a time without an offset means. */
  readonly timezone: string
}

const COLUMNS = 'id, key, name, timezone'

export async function findTenant(db: Db, key: string): Promise<Tenant | undefined> {
  const text = `select ${COLUMNS} from tenant where key = $1`
  const [tenant] = await db.system<Tenant>({ name: 'tenant-by-key', text, values: [key] })
  return tenant
}

export async function findTenantById(db: Db, id: TenantId): Promise<Tenant | undefined> {
  const text = `select ${COLUMNS} from tenant where id = $1`
  const [tenant] = await db.system<Tenant>({ name: 'tenant-by-id', text, values: [id] })
  return tenant
}

/** In the order in which they were made. */
export function listTenants(db: Db): Promise<Tenant[]> {
  return db.system<Tenant>({ text: `select ${COLUMNS} from tenant order by id`, values: [] })
}

/** Undefined when the key is taken. */
export async function insertTenant(
  db: Db,
  { key, name, timezone }: Omit<Tenant, 'id'>,
): Promise<Tenant | undefined> {
  const [tenant] = await db.system<Tenant>({
    text: `
      insert into tenant (key, name, timezone) values ($1, $2, $3) on conflict (key) do nothing
      returning ${COLUMNS}`,
    values: [key, name, timezone],
  })
  return tenant
}
