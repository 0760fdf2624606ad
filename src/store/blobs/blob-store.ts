/** The port for large immutable bytes: named by their SHA-256, so that the same content is kept once. */
import type { Readable } from 'node:stream'

/** SHA-256 of the content, 64 lower-case hexadecimal digits. */
export type Digest = string

export interface Blob {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/** Part of a blob, from `offset`, as far as there are bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Bytes on their way in, whose end and digest are not known yet. One writer, one write at a time. */
export interface Spool {
  /** Resolves when more may come (backpressure). The chunk is the spool's from now on: don't change it. */
  write(chunk: Buffer): Promise<void>
  /** Resolves when the content survives a power cut. The spool is done afterwards, also when it fails. */
  commit(): Promise<Blob>
  /** Forgets what was written. Does nothing after commit or abort. */
  abort(): Promise<void>
}

export interface SweepOptions {
  readonly unusedMs: number
  /** Of these those that something refers to. */
  used(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>
}

export interface BlobStore {
  spool(): Promise<Spool>
  /** Keeps bytes that are in memory anyway. As durable as a commit. */
  put(bytes: Buffer): Promise<Blob>
  /**
   * The content as a stream; a destroyed stream gives back what it holds.
   * @throws Failure `not-found`/`blob-missing`
   */
  read(digest: Digest, range?: ByteRange): Promise<Readable>
  /** Bytes, or undefined when there is no such blob. */
  size(digest: Digest): Promise<number | undefined>
  has(digest: Digest): Promise<boolean>
  /** For retention and erasure. Does nothing when there is no such blob. */
  remove(digest: Digest): Promise<void>
  /**
   * Removes blobs that nothing refers to; returns how many. One that is kept before what refers to it is committed has
   * `unusedMs` until then.
   */
  sweep(options: SweepOptions): Promise<number>
  /** Writes and removes a little: fails when the store cannot keep anything. For the readiness probe. */
  probe(): Promise<void>
}
