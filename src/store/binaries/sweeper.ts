/**
 * Clears away the blobs of Binaries that were never committed: their resource was refused, or the program was killed
 * between the two.
 */
import type { BlobStore, Digest } from '../blobs/index.ts'
import type { Db } from '../db.ts'

/** Longer than any request takes from its last byte to its commit, by far. */
const UNUSED_MS = 24 * 3_600_000

/** Returns how many were removed. */
export function sweepBinaries(db: Db, blobs: BlobStore, unusedMs = UNUSED_MS): Promise<number> {
  return blobs.sweep({
    unusedMs,
    async used(digests): Promise<ReadonlySet<Digest>> {
      const rows = await db.system<{ digest: string }>({
        name: 'binary-digests-in-use',
        text: `
          select encode(d, 'hex') as digest from binary_digests_in_use(
            array(select decode(h, 'hex') from unnest($1::text[]) as h)) as d`,
        values: [digests],
      })
      return new Set(rows.map(({ digest }) => digest))
    },
  })
}
