/** PDU value → bytes, the other direction of decode.ts. PS3.8 §9.3 */
import {
  type AssociateAccept,
  type AssociateRequest,
  ItemType,
  type NegotiatedContext,
  type Pdu,
  PDU_HEADER_LENGTH,
  PduType,
  type PresentationDataValue,
  type ProposedContext,
  type UserInformation,
} from './pdu.ts'

export function encodePdu(pdu: Pdu): Buffer {
  switch (pdu.type) {
    case 'associate-rq':
      return frame(pdu.type, encodeAssociate(pdu, pdu.contexts.map(encodeProposed)))
    case 'associate-ac':
      return frame(pdu.type, encodeAssociate(pdu, pdu.contexts.map(encodeNegotiated)))
    case 'associate-rj':
      return frame(pdu.type, [Buffer.from([0, pdu.result, pdu.source, pdu.reason])])
    case 'p-data-tf':
      return frame(pdu.type, pdu.values.flatMap(encodeDataValue))
    case 'release-rq':
    case 'release-rp':
      return frame(pdu.type, [Buffer.alloc(4)])
    case 'abort':
      break
  }
  return frame(pdu.type, [Buffer.from([0, 0, pdu.source, pdu.reason])])
}

/**
 * The PDUs of one command or dataset part, each with one value and none longer than the receiver's limit.
 * @param maxPduLength what the receiver said it takes (variable part, without the six bytes of the header)
 */
export function encodeFragments(
  { contextId, command, last }: Omit<PresentationDataValue, 'fragment'>,
  bytes: Buffer,
  maxPduLength: number,
): Buffer[] {
  const room = maxPduLength - 6
  const pdus: Buffer[] = []
  for (let at = 0; at < bytes.length || at === 0; at += room) {
    const fragment = bytes.subarray(at, at + room)
    const isLast = last && at + room >= bytes.length
    pdus.push(encodePdu({ type: 'p-data-tf', values: [{ contextId, command, last: isLast, fragment }] }))
  }
  return pdus
}

function frame(type: Pdu['type'], parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const header = Buffer.alloc(PDU_HEADER_LENGTH)
  header[0] = PduType[type]
  header.writeUInt32BE(length, 2)
  return Buffer.concat([header, ...parts], PDU_HEADER_LENGTH + length)
}

function encodeAssociate(
  associate: AssociateRequest | AssociateAccept,
  contexts: readonly Buffer[],
): Buffer[] {
  const fixed = Buffer.alloc(68)
  fixed.writeUInt16BE(associate.protocolVersion, 0)
  fixed.write(associate.calledAeTitle.padEnd(16).slice(0, 16), 4, 'latin1')
  fixed.write(associate.callingAeTitle.padEnd(16).slice(0, 16), 20, 'latin1')
  return [
    fixed,
    item(ItemType.applicationContext, Buffer.from(associate.applicationContext, 'latin1')),
    ...contexts,
    item(ItemType.userInformation, encodeUser(associate.user)),
  ]
}

function encodeProposed(context: ProposedContext): Buffer {
  return item(
    ItemType.proposedContext,
    Buffer.from([context.id, 0, 0, 0]),
    item(ItemType.abstractSyntax, Buffer.from(context.abstractSyntax, 'latin1')),
    ...context.transferSyntaxes.map((uid) => item(ItemType.transferSyntax, Buffer.from(uid, 'latin1'))),
  )
}

function encodeNegotiated(context: NegotiatedContext): Buffer {
  return item(
    ItemType.negotiatedContext,
    Buffer.from([context.id, 0, context.result, 0]),
    item(ItemType.transferSyntax, Buffer.from(context.transferSyntax, 'latin1')),
  )
}

function encodeUser(user: UserInformation): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(user.maxPduLength)
  const parts = [
    item(ItemType.maxPduLength, length),
    item(ItemType.implementationClassUid, Buffer.from(user.implementationClassUid, 'latin1')),
  ]
  if (user.implementationVersionName !== undefined) {
    parts.push(
      item(ItemType.implementationVersionName, Buffer.from(user.implementationVersionName, 'latin1')),
    )
  }
  return Buffer.concat([...parts, ...user.others.map(({ type, value }) => item(type, value))])
}

function encodeDataValue(value: PresentationDataValue): Buffer[] {
  const header = Buffer.alloc(6)
  header.writeUInt32BE(value.fragment.length + 2, 0)
  header[4] = value.contextId
  header[5] = (value.command ? 1 : 0) | (value.last ? 2 : 0)
  return [header, value.fragment]
}

function item(type: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const header = Buffer.alloc(4)
  header[0] = type
  header.writeUInt16BE(length, 2)
  return Buffer.concat([header, ...parts])
}
