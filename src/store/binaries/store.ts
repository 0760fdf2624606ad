/** The store, with the bytes of Binaries. */
import type { BlobStore } from '../blobs/index.ts'
import type { Db } from '../db.ts'
import type { Store } from '../store.ts'
import { type Binaries, makeBinaries } from './binaries.ts'
import { makeBlobReferences } from './blob-references.ts'

export interface StoreWithBinaries extends Store {
  readonly binaries: Binaries
}

/** @param blobs of Binaries alone: what nothing refers to is swept from there */
export function keepBinaries(
  store: Store,
  { db, blobs }: { readonly db: Db; readonly blobs: BlobStore },
): StoreWithBinaries {
  const binaries = makeBinaries({ blobs, references: makeBlobReferences(db) })
  return { ...store, repository: binaries.over(store.repository), binaries }
}
