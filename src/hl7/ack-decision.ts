/**
 * Which acknowledgements a sender wants: MSH-15 and MSH-16, table 0155. HL7 v2.5 chapter 2, §2.9.2 and §2.9.3.
 * Both empty: original mode, one answer (AA, AE, AR). Either valued: enhanced mode, a commit answer at once
 * (CA, CE, CR) and an application answer later, each under its own condition; the empty one of the two means never.
 */
import { ackCode, type AckCode, type Verdict } from './error-codes.ts'
import type { Header } from './intake.ts'

export type AckCondition = 'always' | 'never' | 'on-error' | 'on-success'

/** What the channel says: as the message asks; one of the modes whatever it asks; or no answer at all. */
export type AckPolicy = 'by-message' | 'original' | 'enhanced' | 'never'

export interface AckDecision {
  readonly mode: 'original' | 'enhanced'
  /** The code to answer with at once; undefined: stay silent. */
  readonly immediate: AckCode | undefined
  /** When an application acknowledgement is to be sent later. In original mode the immediate answer is it. */
  readonly application: AckCondition
}

type AckWishes = Pick<Header, 'acceptAckType' | 'applicationAckType'>

/** Decides for a verdict. Without a readable header there are no wishes, and the answer is always given. */
export function decideAck(
  header: AckWishes | undefined,
  verdict: Verdict,
  policy: AckPolicy = 'by-message',
): AckDecision {
  const wishes = header ?? { acceptAckType: undefined, applicationAckType: undefined }
  const asksEnhanced = wishes.acceptAckType !== undefined || wishes.applicationAckType !== undefined
  switch (policy) {
    case 'never':
      return { mode: 'original', immediate: undefined, application: 'never' }
    case 'original':
      return { mode: 'original', immediate: ackCode('original', verdict), application: 'never' }
    case 'enhanced':
      return enhanced(asksEnhanced ? wishes : { acceptAckType: 'AL', applicationAckType: 'NE' }, verdict)
    case 'by-message':
      return asksEnhanced ? enhanced(wishes, verdict) : decideAck(header, verdict, 'original')
  }
}

function enhanced({ acceptAckType, applicationAckType }: AckWishes, verdict: Verdict): AckDecision {
  const application = conditionOf(applicationAckType)
  if (conditionHolds(conditionOf(acceptAckType), verdict))
    return { mode: 'enhanced', immediate: ackCode('enhanced', verdict), application }
  // What is not taken is never handled: a sender that waits for the application's answer only gets it now.
  const refused = verdict !== 'accepted' && conditionHolds(application, verdict)
  return { mode: 'enhanced', immediate: refused ? ackCode('original', verdict) : undefined, application }
}

export function conditionHolds(condition: AckCondition, verdict: Verdict): boolean {
  switch (condition) {
    case 'always':
      return true
    case 'never':
      return false
    case 'on-error':
      return verdict !== 'accepted'
    case 'on-success':
      return verdict === 'accepted'
  }
}

/** An unknown value is taken as a wish for an answer: a sender that waits for nothing does no harm, a stuck one does. */
export function conditionOf(code: string | undefined): AckCondition {
  switch (code?.toUpperCase()) {
    case undefined:
    case 'NE':
      return 'never'
    case 'ER':
      return 'on-error'
    case 'SU':
      return 'on-success'
    default:
      return 'always'
  }
}
