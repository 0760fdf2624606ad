/** Identifiers: time-ordered UUIDs for what we name (v7), name-based ones for what others named (v5). RFC 9562. */
import { createHash, randomUUIDv7 } from 'node:crypto'

declare const tenantBrand: unique symbol
/** The internal number of a tenant, as the database knows it. Only the tenant registry makes one. */
export type TenantId = number & { readonly [tenantBrand]: true }

/** A new time-ordered id, lower case with hyphens. RFC 9562 §5.7. */
export function uuidv7(): string {
  return randomUUIDv7()
}

/** RFC 9562 §5.5: SHA-1 of the namespace's 16 bytes and the name. Same input, same id, on every machine. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest()
    .subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * The namespace of every name-based id of one tenant. Derived from the tenant's key, not its number,
 * so that an export into another installation keeps its ids.
 */
export function tenantNamespace(tenantKey: string): string {
  return uuidv5(PASSERELLE_NAMESPACE, tenantKey)
}

// Made once with a random generator; it only has to stay the same for ever.
const PASSERELLE_NAMESPACE = '8c5f0b7e-2d5a-4c39-9a41-6f1f6f0c7d52'
