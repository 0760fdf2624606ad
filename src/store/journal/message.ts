/** What the journal holds: one row a message, as it came. sql/0004_journal.sql */

/** Number of a message in the journal: the order of arrival. A PostgreSQL bigint, hence a string. */
export type MessageNumber = string
/** Number of a lane: 64 bits that stand for (channel, ordering key). A PostgreSQL bigint, hence a string. */
export type Lane = string

/** What an operator finds a message by. Values longer than 200 characters are cut when they are stored. */
export interface MessageHeader {
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
  readonly receivingApplication?: string | undefined
  readonly receivingFacility?: string | undefined
  /** MSH-9, for example `ORU^R01`. */
  readonly type?: string | undefined
  readonly controlId?: string | undefined
  readonly version?: string | undefined
  readonly patient?: string | undefined
  readonly visit?: string | undefined
  readonly placerOrder?: string | undefined
  readonly fillerOrder?: string | undefined
}

export type ReceivedState = 'received' | 'refused' | 'filtered'

export interface NewMessage {
  readonly channel: string
  readonly receivedAt: number
  /** Address and port of the sender. */
  readonly peer: string
  readonly raw: Buffer
  readonly header: MessageHeader
  readonly lane: Lane
  /** Of a message of several lanes. */
  readonly otherLanes?: readonly Lane[] | undefined
  /** `refused`: kept for the operator, never handled; `filtered`: nothing to handle. `reason` says why. */
  readonly state: ReceivedState
  readonly reason?: string | undefined
  /** The batch that it came in, by its control id, and its place there from 1; the envelope itself is 0. */
  readonly batch?: { readonly id: string; readonly position: number } | undefined
  /** How many bytes came, where `raw` is only their beginning. */
  readonly fullSize?: number | undefined
  /** What the sender is answered, and again when it resends; absent when it gets no answer. */
  readonly ack?: Buffer | undefined
  /** Given when a control id that comes again with other bytes is to be refused: with this answer. */
  readonly whenReused?: { readonly ack: Buffer | undefined }
}

export interface Receipt {
  /** `stored`: new. `resent`: the same bytes are there already. `collided`: its control id was there with other bytes. */
  readonly did: 'stored' | 'resent' | 'collided'
  readonly id: MessageNumber
  readonly state: ReceivedState
  readonly ack: Buffer | undefined
}

/** How far a message is: what an acknowledgement after processing hangs on. */
export interface MessageProgress {
  readonly id: MessageNumber
  readonly state: 'received' | 'held' | 'done' | 'filtered' | 'skipped' | 'refused'
  /** Code of the Failure of the last attempt, or why it was filtered. */
  readonly lastError: string | undefined
  /** An older message of its lane is held: this one waits for an operator too. */
  readonly behindHeld: boolean
}

/** A message that was refused at the door. */
export interface RefusedMessage {
  readonly id: MessageNumber
  readonly channel: string
  readonly receivedAt: number
  readonly peer: string
  readonly type: string | undefined
  readonly controlId: string | undefined
  readonly reason: string
  readonly batch: string | undefined
  /** Bytes that came. */
  readonly size: number
}

/** A message that is still to do. */
export interface OpenMessage {
  readonly id: MessageNumber
  readonly channel: string
  readonly receivedAt: number
  readonly raw: Buffer
  readonly held: boolean
  readonly attempts: number
  readonly retryAt: number | undefined
  /** The lane that was read, and the others of a message of several lanes. */
  readonly lane: Lane
  readonly otherLanes: readonly Lane[]
  readonly controlId: string | undefined
  readonly sendingApplication: string | undefined
  readonly sendingFacility: string | undefined
  /** An older message of another of its lanes is still to do: wait for that one. */
  readonly blocked: boolean
}

/** Where an open message is found, and what has been tried. */
export type MessagePlace = Pick<OpenMessage, 'id' | 'lane' | 'otherLanes' | 'attempts'>

/** How a message ended. `written` are `Type/id/_history/version`. */
export interface MessageResult {
  readonly state: 'done' | 'filtered'
  readonly finishedAt: number
  readonly written: readonly string[]
  readonly warnings: number
  /** Why it was filtered. */
  readonly reason?: string | undefined
}

/** How an attempt failed: tried again at a time, or held for an operator. */
export interface FailedAttempt {
  /** Code of the Failure. */
  readonly code: string
  readonly next: { readonly retryAt: number } | 'hold'
}

export interface HeldMessage {
  readonly id: MessageNumber
  readonly channel: string
  readonly receivedAt: number
  readonly type: string | undefined
  readonly controlId: string | undefined
  readonly attempts: number
  readonly reason: string
  /** How many messages of the same lane wait behind it. */
  readonly behind: number
}

export interface ChannelBacklog {
  readonly channel: string
  readonly waiting: number
  readonly held: number
  /** When the oldest message that is to do (not held) arrived; epoch ms. */
  readonly oldest: number | undefined
}
