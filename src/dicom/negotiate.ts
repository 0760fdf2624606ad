/** Which of the proposed presentation contexts are accepted, and in which transfer syntax. PS3.8 §9.3.3.2, PS3.7 Annex D.3.2 */
import { ContextResult, type NegotiatedContext, type ProposedContext } from './pdu/pdu.ts'
import {
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  isStorageClass,
  isUid,
  VERIFICATION,
} from './uid.ts'

export interface NegotiationPolicy {
  /** Transfer syntaxes to take first where several are proposed in one context. */
  readonly preferredTransferSyntaxes: readonly string[]
  /** Storage classes to take; undefined: all of them. */
  readonly storageClasses?: ReadonlySet<string>
}

/**
 * Uncompressed first: who offers both can compress on the fly, perhaps with loss, and what is kept should be the
 * original. Everything else is taken as well, in the sender's own order.
 */
export const DEFAULT_POLICY: NegotiationPolicy = {
  preferredTransferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN],
}

/** A context that was agreed: what is in its messages and how their datasets are encoded. */
export interface AgreedContext {
  readonly id: number
  readonly abstractSyntax: string
  readonly transferSyntax: string
}

export interface Negotiation {
  /** The answer, one for each proposal, in its order. */
  readonly answers: readonly NegotiatedContext[]
  readonly agreed: ReadonlyMap<number, AgreedContext>
}

export function negotiate(proposed: readonly ProposedContext[], policy: NegotiationPolicy): Negotiation {
  const agreed = new Map<number, AgreedContext>()
  const answers = proposed.map((context): NegotiatedContext => {
    const { id, abstractSyntax } = context
    const refuse = (result: ContextResult) => ({
      id,
      result,
      transferSyntax: context.transferSyntaxes[0] ?? '',
    })
    if (!accepts(abstractSyntax, policy)) return refuse(ContextResult.abstractSyntaxNotSupported)
    const transferSyntax = choose(context, policy)
    if (transferSyntax === undefined) return refuse(ContextResult.transferSyntaxesNotSupported)
    agreed.set(id, { id, abstractSyntax, transferSyntax })
    return { id, result: ContextResult.acceptance, transferSyntax }
  })
  return { answers, agreed }
}

function accepts(abstractSyntax: string, policy: NegotiationPolicy): boolean {
  if (abstractSyntax === VERIFICATION) return true
  return isStorageClass(abstractSyntax) && (policy.storageClasses?.has(abstractSyntax) ?? true)
}

/** A verification has no dataset, so only what every node must speak is worth agreeing on; the first does as well. */
function choose(context: ProposedContext, policy: NegotiationPolicy): string | undefined {
  const preferred = policy.preferredTransferSyntaxes.find((uid) => context.transferSyntaxes.includes(uid))
  return preferred ?? context.transferSyntaxes.find(isUid)
}
