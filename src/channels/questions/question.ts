/** The port to what answers questions: a message whose sender waits for data, not only for an acknowledgement. */
import type { Hl7Message, Intake } from '../../hl7/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Namespaces } from '../../mapping/index.ts'
import type { Hl7Channel } from '../config/channel.ts'

export interface Question {
  readonly tenant: TenantId
  readonly channel: Hl7Channel
  readonly raw: Buffer
  readonly read: Intake
  /** Address of who asks. */
  readonly peer: string
}

export interface Responder {
  /** Whether a message is a question; it is kept in the journal all the same, and makes no resources. */
  isQuestion(read: Intake): boolean
  /** The answer, once the question is in the journal and the access in the audit trail. @throws Failure */
  respond(question: Question): Promise<Buffer>
}

/** A question that has been read. */
export interface Asked extends Question {
  readonly message: Hl7Message
  /** The authorities that the channel and the tenant know by name. */
  readonly namespaces: Namespaces
}
