export type { Blob, BlobStore, ByteRange, Digest, Spool, SweepOptions } from './blob-store.ts'
export { openFileBlobStore, type FileBlobStoreOptions } from './file-blob-store.ts'
