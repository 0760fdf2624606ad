/** What extraction and search need to know of a tenant, at hand without asking the database. */
import type { Tenants } from '../access/index.ts'
import type { ExtractContext } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Tenant } from '../store/index.ts'

export interface TenantContexts {
  /** Of a tenant that was found before; every door finds its tenant before it works for it. */
  of(tenant: TenantId): ExtractContext
  /** The registry, remembering whom it found. */
  readonly tenants: Tenants
  /** Another address under which clients reach this server. */
  reachedAt(origin: string): void
}

export function makeTenantContexts(registry: Tenants, publicUrl: string | undefined): TenantContexts {
  const contexts = new Map<TenantId, { timezone: string; context: ExtractContext }>()
  const origins = new Set(publicUrl === undefined ? [] : [publicUrl.replace(/\/+$/, '')])

  function learn(tenant: Tenant): Tenant {
    if (contexts.get(tenant.id)?.timezone !== tenant.timezone) {
      const zone = makeTimeZone(tenant.timezone)
      const bases = () => [...origins].map((origin) => `${origin}/t/${tenant.key}/fhir/`)
      const toLocal = (url: string) => localPart(url, bases())
      contexts.set(tenant.id, { timezone: tenant.timezone, context: { zone, toLocal, bases } })
    }
    return tenant
  }
  const learnIfAny = (tenant: Tenant | undefined) => tenant && learn(tenant)

  return {
    of: (tenant) => contexts.get(tenant)?.context ?? UNKNOWN,
    tenants: {
      create: async (tenant) => learn(await registry.create(tenant)),
      list: async () => (await registry.list()).map(learn),
      find: async (key) => learnIfAny(await registry.find(key)),
      get: async (id) => learnIfAny(await registry.get(id)),
    },
    reachedAt: (origin) => void origins.add(origin),
  }
}

const UNKNOWN: ExtractContext = {
  zone: makeTimeZone('Europe/Paris'),
  toLocal: () => undefined,
  bases: () => [],
}

/** `Patient/1` of `https://host/t/key/fhir/Patient/1`, when the host is ours and the tenant the same. */
function localPart(url: string, bases: readonly string[]): string | undefined {
  const base = bases.find((each) => url.startsWith(each))
  return base === undefined ? undefined : url.slice(base.length)
}
