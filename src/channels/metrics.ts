/** What the channels count. The composition root gives it to Prometheus. */

export interface ChannelMetrics {
  /** A frame was answered (or not, when the channel gives no answer). */
  received(event: {
    readonly channel: string
    readonly outcome: 'stored' | 'resent' | 'collided' | 'refused' | 'failed'
    /** From the whole frame to the answer. */
    readonly durationMs: number
  }): void
  /** A message was handled, or an attempt failed. */
  handled(event: {
    readonly channel: string
    readonly outcome: 'done' | 'filtered' | 'retry' | 'held'
    readonly durationMs: number
    readonly warnings: number
    /** Something newer was known than what it says. */
    readonly stale: boolean
  }): void
  /** Something of a handled message could not be carried over as it was. */
  warned(event: { readonly channel: string; readonly code: string; readonly count: number }): void
}

/** Counts nothing. */
export const noMetrics: ChannelMetrics = { received() {}, handled() {}, warned() {} }
