/** The tenants of the installation: made, listed, found by the key that stands in every path. */
import type { Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import {
  findTenant,
  findTenantById,
  insertTenant,
  listTenants,
  type Db,
  type Tenant,
} from '../store/index.ts'

interface NewTenant {
  readonly key: string
  /** The key, unless given. */
  readonly name?: string
  /** Europe/Paris, unless given. */
  readonly timezone?: string
}

export interface Tenants {
  /** @throws Failure `invalid`/`tenant-key-invalid`, `invalid`/`timezone-unknown`, `conflict`/`tenant-exists` */
  create(tenant: NewTenant): Promise<Tenant>
  /** In the order in which they were made. */
  list(): Promise<Tenant[]>
  /** From memory for a few seconds: a changed name or time zone takes that long to be seen everywhere. */
  find(key: string): Promise<Tenant | undefined>
  get(id: TenantId): Promise<Tenant | undefined>
}

const FRESH_MS = 5000
const KEY = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export function makeTenants({ db, clock }: { readonly db: Db; readonly clock: Clock }): Tenants {
  // Only what is there is remembered, so this cannot grow beyond the tenants.
  const known = new Map<string | TenantId, { tenant: Tenant; until: number }>()

  async function remembered(key: string | TenantId, load: () => Promise<Tenant | undefined>) {
    const entry = known.get(key)
    if (entry !== undefined && clock.now() < entry.until) return entry.tenant
    const tenant = await load()
    if (tenant === undefined) known.delete(key)
    else known.set(key, { tenant, until: clock.now() + FRESH_MS })
    return tenant
  }

  return {
    async create({ key, name = key, timezone = 'Europe/Paris' }) {
      if (!KEY.test(key)) throw new Failure('invalid', 'tenant-key-invalid')
      requireTimeZone(timezone)
      const tenant = await insertTenant(db, { key, name, timezone })
      if (tenant === undefined) throw new Failure('conflict', 'tenant-exists', { key })
      return tenant
    },
    list: () => listTenants(db),
    async find(key) {
      return KEY.test(key) ? remembered(key, () => findTenant(db, key)) : undefined
    },
    get: (id) => remembered(id, () => findTenantById(db, id)),
  }
}

function requireTimeZone(name: string): void {
  try {
    makeTimeZone(name)
  } catch {
    throw new Failure('invalid', 'timezone-unknown', { timezone: name })
  }
}
