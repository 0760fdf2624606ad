/** Which blob a reference means, by tenant. */
import { LRUCache } from 'lru-cache'
import type { TenantId } from '../../kernel/ids.ts'
import type { Blob } from '../blobs/index.ts'
import type { Db } from '../db.ts'
import type { Statement } from '../statement.ts'
import { newReference, referenceOf, uuidOf } from './reference.ts'

export interface BlobReferences {
  /** The reference to a blob: the one that the tenant has already, or a new one, to be written with what refers to it. */
  to(tenant: TenantId, blob: Blob): Promise<string>
  /** undefined: it means nothing to this tenant. */
  find(tenant: TenantId, reference: string): Promise<Blob | undefined>
  /** Whether `to` has given it here: then a resource may hold it. */
  isGiven(tenant: TenantId, reference: string): boolean
  /** Whether it was given and its row may not be written yet. */
  isNew(tenant: TenantId, reference: string): boolean
  /** Writes the rows of new ones. */
  insert(tenant: TenantId, references: Iterable<string>): Statement
  /** They are committed now. */
  written(tenant: TenantId, references: Iterable<string>): void
}

/** Immutable, so they may stay for ever; each is 200 bytes. Given ones stay until their request is done: 512 at most. */
const MAX_KNOWN = 10_000

const BY_DIGEST = `
  select reference from binary_blob where digest = decode($2::text, 'hex') and tenant = $1::int
  order by reference limit 1`

const BY_REFERENCE = `
  select encode(digest, 'hex') as digest, size::float8 as size from binary_blob
  where tenant = $1::int and reference = $2::uuid`

const INSERT = `
  insert into binary_blob (tenant, reference, digest, size)
  select $1::int, reference, decode(digest, 'hex'), size
  from unnest($2::uuid[], $3::text[], $4::bigint[]) as n(reference, digest, size)
  on conflict do nothing`

export function makeBlobReferences(db: Db): BlobReferences {
  const given = new LRUCache<string, { readonly blob: Blob; readonly isNew: boolean }>({ max: MAX_KNOWN })
  const known = new LRUCache<string, Blob>({ max: MAX_KNOWN })
  const key = (tenant: TenantId, reference: string) => `${tenant}:${reference}`

  return {
    async to(tenant, blob) {
      const values = [tenant, blob.digest]
      const [row] = await db.lookup<{ reference: string }>(tenant, {
        name: 'binary-by-digest',
        text: BY_DIGEST,
        values,
      })
      const reference = row ? referenceOf(row.reference) : newReference()
      given.set(key(tenant, reference), { blob, isNew: row === undefined })
      return reference
    },

    async find(tenant, reference) {
      const cached = known.get(key(tenant, reference))
      if (cached) return cached
      const values = [tenant, uuidOf(reference)]
      const [row] = await db.lookup<Blob>(tenant, { name: 'binary-by-reference', text: BY_REFERENCE, values })
      if (row) known.set(key(tenant, reference), row)
      return row
    },

    isGiven: (tenant, reference) => given.has(key(tenant, reference)),
    isNew: (tenant, reference) => given.get(key(tenant, reference))?.isNew === true,

    insert(tenant, references) {
      const rows = [...references].map((reference) => ({
        reference,
        blob: given.get(key(tenant, reference))!.blob,
      }))
      return {
        name: 'binary-references',
        text: INSERT,
        values: [
          tenant,
          rows.map(({ reference }) => uuidOf(reference)),
          rows.map(({ blob }) => blob.digest),
          rows.map(({ blob }) => blob.size),
        ],
      }
    },

    written(tenant, references) {
      for (const reference of references) {
        const known = given.get(key(tenant, reference))
        if (known) given.set(key(tenant, reference), { ...known, isNew: false })
      }
    },
  }
}
