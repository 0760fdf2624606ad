/** Command sets: implicit VR little endian, group 0000 only. PS3.7 §6.3.1 and Annex E */
import { Failure } from '../kernel/failure.ts'

/** Command Field values of PS3.7 table E.1-1. A response is its request with the high bit set. */
export const CommandField = {
  cStoreRq: 0x0001,
  cGetRq: 0x0010,
  cFindRq: 0x0020,
  cMoveRq: 0x0021,
  cEchoRq: 0x0030,
  cCancelRq: 0x0fff,
  response: 0x8000,
} as const

/** Command Data Set Type: this value says that no dataset follows, any other that one does. */
export const NO_DATASET = 0x0101

type ElementType = 'UI' | 'US' | 'LO' | 'AE' | 'AT' | 'UL'

/** PS3.7 table E.1-1; retired elements left out. */
const ELEMENTS = {
  affectedSopClass: [0x0002, 'UI'],
  requestedSopClass: [0x0003, 'UI'],
  commandField: [0x0100, 'US'],
  messageId: [0x0110, 'US'],
  messageIdRespondedTo: [0x0120, 'US'],
  moveDestination: [0x0600, 'AE'],
  priority: [0x0700, 'US'],
  dataSetType: [0x0800, 'US'],
  status: [0x0900, 'US'],
  offendingElement: [0x0901, 'AT'],
  errorComment: [0x0902, 'LO'],
  errorId: [0x0903, 'US'],
  affectedSopInstance: [0x1000, 'UI'],
  requestedSopInstance: [0x1001, 'UI'],
  eventTypeId: [0x1002, 'US'],
  attributeIdentifierList: [0x1005, 'AT'],
  actionTypeId: [0x1008, 'US'],
  remainingSubOperations: [0x1020, 'US'],
  completedSubOperations: [0x1021, 'US'],
  failedSubOperations: [0x1022, 'US'],
  warningSubOperations: [0x1023, 'US'],
  moveOriginatorAeTitle: [0x1030, 'AE'],
  moveOriginatorMessageId: [0x1031, 'US'],
} as const satisfies Record<string, readonly [number, ElementType]>

type Name = keyof typeof ELEMENTS
type ValueOf<Type> = Type extends 'US' | 'UL' ? number : Type extends 'AT' ? readonly string[] : string

/** A command set by name; elements that weren't sent are missing. Tags (AT) are eight hex digits. */
export type CommandSet = { readonly [N in Name]?: ValueOf<(typeof ELEMENTS)[N][1]> }

const BY_ELEMENT: ReadonlyMap<number, readonly [Name, ElementType]> = new Map(
  (Object.entries(ELEMENTS) as [Name, readonly [number, ElementType]][]).map(([name, [element, type]]) => [
    element,
    [name, type],
  ]),
)

/**
 * Decodes a whole command set. Elements that aren't known are ignored.
 * @throws Failure `invalid`/`command-malformed`
 */
export function decodeCommand(bytes: Buffer): CommandSet {
  const command: Record<string, number | string | string[]> = {}
  for (let at = 0; at < bytes.length;) {
    if (bytes.length < at + 8) throw new Failure('invalid', 'command-malformed')
    const group = bytes.readUInt16LE(at)
    const element = bytes.readUInt16LE(at + 2)
    const end = at + 8 + bytes.readUInt32LE(at + 4)
    if (group !== 0 || end > bytes.length) throw new Failure('invalid', 'command-malformed')
    const known = BY_ELEMENT.get(element)
    const value = bytes.subarray(at + 8, end)
    if (known !== undefined) {
      const decoded = decodeValue(known[1], value)
      if (decoded !== undefined) command[known[0]] = decoded
    }
    at = end
  }
  return command
}

/** Encodes with the group length first and the elements in ascending order. PS3.7 §6.3.1 */
export function encodeCommand(command: CommandSet): Buffer {
  const parts: Buffer[] = []
  for (const [name, [element, type]] of Object.entries(ELEMENTS)) {
    const value = command[name as Name]
    if (value !== undefined) parts.push(encodeElement(element, encodeValue(type, value)))
  }
  const length = Buffer.alloc(4)
  length.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0))
  return Buffer.concat([encodeElement(0x0000, length), ...parts])
}

function decodeValue(type: ElementType, value: Buffer): number | string | string[] | undefined {
  switch (type) {
    case 'US':
      return value.length >= 2 ? value.readUInt16LE(0) : undefined
    case 'UL':
      return value.length >= 4 ? value.readUInt32LE(0) : undefined
    case 'AT':
      return Array.from({ length: Math.floor(value.length / 4) }, (_, i) => tagAt(value, i * 4))
    case 'UI':
    case 'AE':
    case 'LO':
      break
  }
  return value.toString('latin1').replace(/\0.*$/s, '').trim()
}

function encodeValue(type: ElementType, value: number | string | readonly string[]): Buffer {
  if (type === 'US' || type === 'UL') {
    const bytes = Buffer.alloc(type === 'US' ? 2 : 4)
    bytes.writeUIntLE(value as number, 0, bytes.length)
    return bytes
  }
  if (type === 'AT') {
    return Buffer.concat((value as readonly string[]).map((tag) => tagBytes(tag)))
  }
  const bytes = Buffer.from(value as string, 'latin1')
  if (bytes.length % 2 === 0) return bytes
  return Buffer.concat([bytes, Buffer.from(type === 'UI' ? '\0' : ' ')])
}

function tagAt(value: Buffer, at: number): string {
  return hex(value.readUInt16LE(at)) + hex(value.readUInt16LE(at + 2))
}

function hex(half: number): string {
  return half.toString(16).toUpperCase().padStart(4, '0')
}

function tagBytes(tag: string): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0)
  bytes.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2)
  return bytes
}

function encodeElement(element: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16LE(element, 2)
  header.writeUInt32LE(value.length, 4)
  return Buffer.concat([header, value])
}
