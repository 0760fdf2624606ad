/** What an operator can set about the HTTP edge, with what holds when nothing is set. */

export interface HttpSettings {
  /** The address that clients know, `https://fhir.example.org`; without it links carry the request's own Host. */
  readonly publicBase?: string
  /** Believe X-Forwarded-For/-Proto/-Host. Only behind a proxy that sets them itself. */
  readonly trustProxy: boolean
  /** Origins of browser applications that may call the API; `*` for any, none by default. */
  readonly corsOrigins: readonly string[]
  /** A longer request body is refused with 413 while it arrives. */
  readonly maxBodyBytes: number
  /** Bytes of one Binary that is sent as it is; they are never held as a whole. */
  readonly maxBinaryBytes: number
  /** All request bodies that are held at one moment; beyond it 503, so that memory stays flat. */
  readonly maxBufferedBytes: number
  /** Requests being worked on at one moment; beyond it 503. */
  readonly maxInFlight: number
  /** Entries of one batch or transaction. */
  readonly maxBundleEntries: number
  /** Resources that one conditional delete may delete; 1: only if a single one matches. */
  readonly maxConditionalDeletes: number
  /** How long a stop waits for requests in flight. */
  readonly stopTimeoutMs: number
}

const MEGABYTE = 1024 * 1024

export const defaultHttpSettings: HttpSettings = {
  trustProxy: false,
  corsOrigins: [],
  maxBodyBytes: 64 * MEGABYTE,
  maxBinaryBytes: 256 * MEGABYTE,
  maxBufferedBytes: 160 * MEGABYTE,
  maxInFlight: 512,
  maxBundleEntries: 5000,
  maxConditionalDeletes: 1000,
  stopTimeoutMs: 10_000,
}
