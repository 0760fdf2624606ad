/** What a listener tells the metrics. Numbers only: no names, no content. */
export type MllpEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'frame'; readonly bytes: number }
  | { readonly kind: 'answer'; readonly bytes: number; readonly tookMs: number }
  /** Bytes outside frames. */
  | { readonly kind: 'junk'; readonly bytes: number }
  /** A frame that the peer began and never ended. */
  | { readonly kind: 'half-frame'; readonly bytes: number }
  /** A frame over the limit, and how long it was, or had become. */
  | { readonly kind: 'oversize'; readonly bytes: number }
  /** Closed because unfinished frames of all connections together held too much memory. */
  | { readonly kind: 'crowded' }
  /** The handler threw: the frame got no answer. */
  | { readonly kind: 'handler-failed'; readonly code: string }
  /** Frames whose answer the peer did not wait for. */
  | { readonly kind: 'unanswered'; readonly frames: number }
  /** Closed because nothing moved for the idle time. */
  | { readonly kind: 'idle' }

/** Why a connection is not let in; `certificate`: signed by the authority, and not on the list. */
export type RefusalReason = 'not-allowed' | 'too-many' | 'too-many-of-peer' | 'tls' | 'certificate'
