/** Where received objects go: what a C-STORE (or later a STOW-RS) hands over, piece by piece. */

/** Who sends. Titles and addresses of machines, no people. */
export interface Sender {
  /** One association (or one request). */
  readonly association: string
  readonly callingAeTitle: string
  readonly calledAeTitle: string
  readonly address: string
}

export interface IncomingInstance {
  readonly sender: Sender
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntax: string
}

/** The answer to one object: a status word of PS3.4 §B.2.3 with a comment for people, without patient data. */
export interface StoreResult {
  readonly status: number
  readonly comment?: string
}

export interface InstanceWriter {
  /** The next bytes of the dataset, as they came. Whoever calls waits, so that the sender is slowed to the disk's pace. */
  write(fragment: Buffer): Promise<void>
  /** All has come: resolves when the object is durable and indexed, or refused. */
  finish(): Promise<StoreResult>
  /** It will not be finished; nothing of it stays. */
  abort(): Promise<void>
}

export interface InstanceSink {
  begin(instance: IncomingInstance): Promise<InstanceWriter>
  /** No more comes from this association. */
  ended(sender: Sender): void
}
