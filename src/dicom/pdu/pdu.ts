/** The seven protocol data units of the DICOM upper layer. PS3.8 §9.3 */

export interface ProposedContext {
  /** Odd, 1 to 255. */
  readonly id: number
  readonly abstractSyntax: string
  readonly transferSyntaxes: readonly string[]
}

/** PS3.8 table 9-18. */
export const ContextResult = {
  acceptance: 0,
  userRejection: 1,
  noReason: 2,
  abstractSyntaxNotSupported: 3,
  transferSyntaxesNotSupported: 4,
} as const
export type ContextResult = (typeof ContextResult)[keyof typeof ContextResult]

export interface NegotiatedContext {
  readonly id: number
  readonly result: ContextResult
  /** Only significant when accepted. */
  readonly transferSyntax: string
}

/** PS3.7 Annex D.3.3: what both sides say about themselves. */
export interface UserInformation {
  /** The longest P-DATA-TF that may be sent to the one who says so; 0 is no limit. */
  readonly maxPduLength: number
  readonly implementationClassUid: string
  readonly implementationVersionName?: string
  /** Sub-items that are not read here (role selection, extended negotiation, user identity), as they came. */
  readonly others: readonly SubItem[]
}

export interface SubItem {
  readonly type: number
  readonly value: Buffer
}

interface Associate {
  readonly protocolVersion: number
  readonly calledAeTitle: string
  readonly callingAeTitle: string
  readonly applicationContext: string
  readonly user: UserInformation
}

export interface AssociateRequest extends Associate {
  readonly type: 'associate-rq'
  readonly contexts: readonly ProposedContext[]
}

export interface AssociateAccept extends Associate {
  readonly type: 'associate-ac'
  readonly contexts: readonly NegotiatedContext[]
}

/** PS3.8 §9.3.4 */
export interface AssociateReject {
  readonly type: 'associate-rj'
  /** 1 permanent, 2 transient */
  readonly result: number
  /** 1 service user, 2 service provider (ACSE), 3 service provider (presentation) */
  readonly source: number
  readonly reason: number
}

/** A piece of a command (`command`) or of a dataset. PS3.8 §9.3.5.1 and Annex E.2 */
export interface PresentationDataValue {
  readonly contextId: number
  readonly command: boolean
  readonly last: boolean
  readonly fragment: Buffer
}

interface DataTransfer {
  readonly type: 'p-data-tf'
  readonly values: readonly PresentationDataValue[]
}

/** PS3.8 §9.3.8: source 0 service user, 2 service provider. */
interface Abort {
  readonly type: 'abort'
  readonly source: number
  readonly reason: number
}

export type Pdu =
  | AssociateRequest
  | AssociateAccept
  | AssociateReject
  | DataTransfer
  | { readonly type: 'release-rq' }
  | { readonly type: 'release-rp' }
  | Abort

/** PS3.8 §9.3.1: the first byte of each. */
export const PduType = {
  'associate-rq': 0x01,
  'associate-ac': 0x02,
  'associate-rj': 0x03,
  'p-data-tf': 0x04,
  'release-rq': 0x05,
  'release-rp': 0x06,
  abort: 0x07,
} as const satisfies Record<Pdu['type'], number>

/** PS3.8 table 9-11 and its kin for the variable items. */
export const ItemType = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  negotiatedContext: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maxPduLength: 0x51,
  implementationClassUid: 0x52,
  implementationVersionName: 0x55,
} as const

/** Reasons of an abort by the service provider. PS3.8 table 9-26 */
export const AbortReason = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameter: 6,
} as const

/** Bytes before the variable part: type, a reserved one, the length. */
export const PDU_HEADER_LENGTH = 6
