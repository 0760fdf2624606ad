/** Identifiers: time-ordered UUIDs for what we name (v7), name-based ones for what others named (v5). RFC 9562. */
import { hash, randomUUIDv7 } from 'node:crypto'

declare const tenantBrand: unique symbol
/** The internal number of a tenant, as the database knows it. Only the tenant registry makes one. */
export type TenantId = number & { readonly [tenantBrand]: true }

/** A new time-ordered id, lower case with hyphens. RFC 9562 §5.7. */
export function uuidv7(): string {
  return randomUUIDv7()
}

const NAMESPACE_BYTES = 16

/** RFC 9562 §5.5: SHA-1 of the namespace's 16 bytes and the name. Same input, same id, on every machine. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = Buffer.allocUnsafe(NAMESPACE_BYTES + Buffer.byteLength(name))
  bytes.write(namespace.replaceAll('-', ''), 'hex')
  bytes.write(name, NAMESPACE_BYTES)
  const hex = hash('sha1', bytes, 'hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
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
