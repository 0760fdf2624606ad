/**
 * The bytes of Binaries. Small ones stay in the resource, so that they cost one write and are in every copy of the
 * database. Larger ones are blobs, on disk before the resource says so, and Binary.data refers to them
 * (docs/decisions/0006). https://hl7.org/fhir/R4/binary.html
 */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { BlobStore, Spool } from '../blobs/index.ts'
import type { Repository } from '../repository.ts'
import type { BlobReferences } from './blob-references.ts'
import { type BinaryContent, contentOf, INLINE_BYTES } from './content.ts'
import { isReference, referencesIn } from './reference.ts'
import { keepingBlobs } from './repository.ts'

export interface Binaries {
  /**
   * Keeps bytes as they come in: beyond INLINE_BYTES none stay in memory, and they are on disk when this resolves.
   * @returns what is to be Binary.data; undefined when there are no bytes
   * @throws Failure `too-large`/`body-too-large`, and what the source throws
   */
  receive(tenant: TenantId, source: AsyncIterable<Buffer>, maxBytes: number): Promise<string | undefined>
  /** The bytes that Binary.data stands for. */
  content(tenant: TenantId, data: string | undefined): Promise<BinaryContent>
  /** Where in a text bytes belong that are elsewhere, in order. */
  placesIn(tenant: TenantId, text: string): Promise<readonly BinaryPlace[]>
  /** The repository, with large data of the Binaries that are written kept as blobs. */
  over(repository: Repository): Repository
}

export interface BinaryPlace {
  /** From here the base64 of the content belongs in place of `length` characters. */
  readonly at: number
  readonly length: number
  readonly content: BinaryContent
}

export interface BinariesDeps {
  readonly blobs: BlobStore
  readonly references: BlobReferences
}

export function makeBinaries({ blobs, references }: BinariesDeps): Binaries {
  async function blobOf(tenant: TenantId, reference: string): Promise<BinaryContent | undefined> {
    const blob = await references.find(tenant, reference)
    return (
      blob && {
        size: blob.size,
        async open(range) {
          try {
            return await blobs.read(blob.digest, range)
          } catch (cause) {
            throw new Failure('internal', 'binary-content-missing', {}, { cause })
          }
        },
      }
    )
  }

  return {
    async receive(tenant, source, maxBytes) {
      const chunks: Buffer[] = []
      let spool: Spool | undefined
      let size = 0
      try {
        for await (const chunk of source) {
          size += chunk.length
          if (size > maxBytes) throw new Failure('too-large', 'body-too-large', { maxBytes })
          if (spool === undefined) chunks.push(chunk)
          else await spool.write(chunk)
          if (spool === undefined && size > INLINE_BYTES) {
            spool = await blobs.spool()
            for (const first of chunks.splice(0)) await spool.write(first)
          }
        }
        if (spool !== undefined) return await references.to(tenant, await spool.commit())
      } finally {
        await spool?.abort()
      }
      return size === 0 ? undefined : Buffer.concat(chunks).toString('base64')
    },

    async content(tenant, data) {
      const blob = data !== undefined && isReference(data) ? await blobOf(tenant, data) : undefined
      return blob ?? contentOf(Buffer.from(data ?? '', 'base64'))
    },

    async placesIn(tenant, text) {
      const places: BinaryPlace[] = []
      for (const { at, reference } of referencesIn(text)) {
        const content = await blobOf(tenant, reference)
        if (content) places.push({ at, length: reference.length, content })
      }
      return places
    },

    over: (repository) => keepingBlobs(repository, { blobs, references }),
  }
}
