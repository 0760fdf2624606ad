/** PDU bytes → value. PS3.8 §9.3. Pure; each PDU is whole (see framer.ts). */
import { Failure } from '../../kernel/failure.ts'
import {
  type ContextResult,
  ItemType,
  type NegotiatedContext,
  type Pdu,
  PDU_HEADER_LENGTH,
  PduType,
  type PresentationDataValue,
  type ProposedContext,
  type SubItem,
  type UserInformation,
} from './pdu.ts'

/**
 * Decodes one whole PDU. Fragments of a P-DATA-TF are views into `bytes`, not copies.
 * @throws Failure `invalid`/`pdu-unrecognized` for an unknown type, `invalid`/`pdu-malformed` naming the part
 */
export function decodePdu(bytes: Buffer): Pdu {
  const body = bytes.subarray(PDU_HEADER_LENGTH)
  const type = bytes[0] ?? -1
  switch (type) {
    case PduType['associate-rq']:
      return { type: 'associate-rq', ...decodeAssociate(body, ItemType.proposedContext, decodeProposed) }
    case PduType['associate-ac']:
      return { type: 'associate-ac', ...decodeAssociate(body, ItemType.negotiatedContext, decodeNegotiated) }
    case PduType['associate-rj']:
      need(body, 4, 'reject')
      return { type: 'associate-rj', result: body[1]!, source: body[2]!, reason: body[3]! }
    case PduType['p-data-tf']:
      return { type: 'p-data-tf', values: decodeDataValues(body) }
    case PduType['release-rq']:
      return { type: 'release-rq' }
    case PduType['release-rp']:
      return { type: 'release-rp' }
    case PduType.abort:
      need(body, 4, 'abort')
      return { type: 'abort', source: body[2]!, reason: body[3]! }
    default:
      throw new Failure('invalid', 'pdu-unrecognized', { type })
  }
}

/** PS3.8 §9.3.2 and §9.3.3 have the same frame; only their presentation contexts differ. */
function decodeAssociate<Context>(body: Buffer, contextType: number, decode: (value: Buffer) => Context) {
  need(body, 68, 'associate')
  const contexts: Context[] = []
  let applicationContext = ''
  let user: UserInformation = { maxPduLength: 0, implementationClassUid: '', others: [] }
  for (const item of items(body.subarray(68))) {
    if (item.type === contextType) contexts.push(decode(item.value))
    else if (item.type === ItemType.applicationContext) applicationContext = uid(item.value)
    else if (item.type === ItemType.userInformation) user = decodeUser(item.value)
    // PS3.8 §9.3.1: items that aren't known are to be ignored.
  }
  return {
    protocolVersion: body.readUInt16BE(0),
    calledAeTitle: aeTitle(body.subarray(4, 20)),
    callingAeTitle: aeTitle(body.subarray(20, 36)),
    applicationContext,
    contexts,
    user,
  }
}

function decodeProposed(value: Buffer): ProposedContext {
  need(value, 4, 'presentation context')
  let abstractSyntax = ''
  const transferSyntaxes: string[] = []
  for (const item of items(value.subarray(4))) {
    if (item.type === ItemType.abstractSyntax) abstractSyntax = uid(item.value)
    else if (item.type === ItemType.transferSyntax) transferSyntaxes.push(uid(item.value))
  }
  return { id: value[0]!, abstractSyntax, transferSyntaxes }
}

function decodeNegotiated(value: Buffer): NegotiatedContext {
  need(value, 4, 'presentation context')
  const syntax = items(value.subarray(4)).find((item) => item.type === ItemType.transferSyntax)
  return {
    id: value[0]!,
    result: value[2]! as ContextResult,
    transferSyntax: syntax === undefined ? '' : uid(syntax.value),
  }
}

function decodeUser(value: Buffer): UserInformation {
  let maxPduLength = 0
  let implementationClassUid = ''
  let implementationVersionName: string | undefined
  const others: SubItem[] = []
  for (const item of items(value)) {
    if (item.type === ItemType.maxPduLength && item.value.length >= 4)
      maxPduLength = item.value.readUInt32BE(0)
    else if (item.type === ItemType.implementationClassUid) implementationClassUid = uid(item.value)
    else if (item.type === ItemType.implementationVersionName) implementationVersionName = text(item.value)
    else others.push(item)
  }
  const common = { maxPduLength, implementationClassUid, others }
  return implementationVersionName === undefined ? common : { ...common, implementationVersionName }
}

function decodeDataValues(body: Buffer): PresentationDataValue[] {
  const values: PresentationDataValue[] = []
  for (let at = 0; at < body.length;) {
    need(body, at + 6, 'presentation data value')
    const length = body.readUInt32BE(at)
    if (length < 2) throw malformed('presentation data value')
    need(body, at + 4 + length, 'presentation data value')
    const control = body[at + 5]!
    values.push({
      contextId: body[at + 4]!,
      command: (control & 1) === 1,
      last: (control & 2) === 2,
      fragment: body.subarray(at + 6, at + 4 + length),
    })
    at += 4 + length
  }
  return values
}

/** Type, a reserved byte, a 16-bit length, the value; over and over. */
function items(body: Buffer): SubItem[] {
  const found: SubItem[] = []
  for (let at = 0; at < body.length;) {
    need(body, at + 4, 'item')
    const length = body.readUInt16BE(at + 2)
    need(body, at + 4 + length, 'item')
    found.push({ type: body[at]!, value: body.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return found
}

function aeTitle(bytes: Buffer): string {
  return text(bytes)
}

/** Old toolkits pad UIDs to an even length with a NUL, which PS3.8 doesn't ask for. */
function uid(bytes: Buffer): string {
  return text(bytes)
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\0.*$/s, '').trim()
}

function need(bytes: Buffer, length: number, part: string): void {
  if (bytes.length < length) throw malformed(part)
}

function malformed(part: string): Failure {
  return new Failure('invalid', 'pdu-malformed', { part })
}
