/**
 * What the door needs to know of a message before it is stored: the header and a few keys, read from the raw bytes
 * without decoding the rest. It must answer for the worst header; what cannot be read is undefined.
 * MSH: HL7 v2.5 chapter 2, §2.15.9.
 */
import { resolveCharset, sniffUtf16, tryDecode, type Charset, type CharsetChoice } from './charset/index.ts'
import { declaredCharsets } from './declared-charset.ts'
import { readDelimiters, type Delimiters, type DelimiterFault } from './delimiters.ts'
import { asFailure } from '../kernel/failure.ts'
import { type FieldPath, parseFieldPath } from './path.ts'
import { Hl7Segment } from './segment.ts'
import { headerStart, rawLines, rawName, type RawLine } from './scan.ts'

/** MSH as far as intake, routing and acknowledgement need it. Composite fields are given by their first component that has a value. */
export interface Header {
  readonly sendingApplication: string | undefined
  readonly sendingFacility: string | undefined
  readonly receivingApplication: string | undefined
  readonly receivingFacility: string | undefined
  /** MSH-7 as sent. */
  readonly dateTime: string | undefined
  readonly messageCode: string | undefined
  readonly triggerEvent: string | undefined
  readonly messageStructure: string | undefined
  readonly controlId: string | undefined
  readonly processingId: string | undefined
  /** The first component of MSH-12: `2.5` of `2.5^FRA^2.11`. */
  readonly version: string | undefined
  readonly acceptAckType: string | undefined
  readonly applicationAckType: string | undefined
  readonly charsetNames: readonly string[]
  /** The header segment itself, to answer in its own words. */
  readonly segment: Hl7Segment
  readonly delimiters: Delimiters
}

export interface PatientIdentifier {
  readonly id: string
  /** CX-4: the namespace, or the universal id where there is no namespace. */
  readonly authority: string | undefined
  /** CX-4.2 and CX-4.3 */
  readonly universalId: string | undefined
  readonly universalIdType: string | undefined
  /** CX-5 */
  readonly type: string | undefined
}

export interface Intake {
  readonly readable: true
  readonly header: Header
  /** The set that values were read in; undefined when the channel and MSH-18 give none that is known. */
  readonly charset: Charset | undefined
  /** False when a value was not text of that set; it is then given byte by byte as ISO 8859-1, so that nothing is lost. */
  readonly decoded: boolean
  /** True when the bytes hold more than one MSH: see splitBatch. */
  readonly several: boolean
  /** PID-3, or PID-2 and PID-4 of old senders where PID-3 is empty. */
  readonly patientIdentifiers: readonly PatientIdentifier[]
  /** All that each patient is called whom the message is about: PID-2, -3 and -4 of each PID, MRG-1, -2 and -4 of each MRG. */
  readonly patients: readonly (readonly PatientIdentifier[])[]
  readonly accountNumber: string | undefined // PID-18
  readonly visitNumber: string | undefined // PV1-19
  readonly placerOrderNumber: string | undefined // ORC-2, else OBR-2
  readonly fillerOrderNumber: string | undefined // ORC-3, else OBR-3
  readonly recordedAt: string | undefined // EVN-2
  readonly occurredAt: string | undefined // EVN-6
}

/**
 * Why bytes cannot be taken as a message. `batch`: an FHS or BHS begins it, see splitBatch. `no-end`: an HPRIM file
 * without its last segment. `lines`: an HPRIM file of more lines than are read.
 */
export interface Unreadable {
  readonly readable: false
  readonly reason: 'empty' | 'batch' | 'charset' | 'no-end' | 'lines' | DelimiterFault
}

/** The keys stand near the beginning; no need to walk a hundred thousand results. */
const MAX_LINES = 5000
/** Of a line; what is behind it is no key. */
const MAX_LINE_BYTES = 65_536
/** Repetitions and components that are looked at. */
const MAX_PARTS = 20

const KEYS = ['EVN', 'PID', 'MRG', 'PV1', 'ORC', 'OBR'] as const

/** By their first letters: most lines of a result are passed over without more. */
const MAY_BEGIN_KEY = new Set(KEYS.map((key) => key.charCodeAt(0)))

/** Where segments say what a patient is called, in the order in which the mapping reads them. */
const PATIENT_FIELDS: Readonly<Record<string, readonly number[]>> = { PID: [2, 3, 4], MRG: [1, 2, 4] }

/** Reads header and keys. Never throws. */
export function readIntake(raw: Buffer, choice: CharsetChoice = {}): Intake | Unreadable {
  const wide = choice.override?.startsWith('utf-16')
    ? (choice.override as 'utf-16be' | 'utf-16le')
    : sniffUtf16(raw)
  if (wide === undefined) return readBytes(raw, choice)
  const text = tryDecode(raw, wide)
  if (text === undefined) return { readable: false, reason: 'charset' }
  const read = readBytes(Buffer.from(text, 'utf8'), { override: 'utf-8' })
  return read.readable ? { ...read, charset: wide } : read
}

function readBytes(raw: Buffer, choice: CharsetChoice): Intake | Unreadable {
  const start = headerStart(raw)
  if (start === -1) return { readable: false, reason: 'empty' }
  const lines = rawLines(raw, start)
  const headerLine = lines.next().value!
  const bytes = lineBytes(raw, headerLine)
  const asSent = bytes.toString('latin1')
  if (/^[FB]HS/.test(asSent)) return { readable: false, reason: 'batch' }
  const delimiters = asSent.startsWith('MSH') ? readDelimiters(asSent) : 'no-header'
  if (typeof delimiters === 'string') return { readable: false, reason: delimiters }
  const charsetNames = declaredCharsets(asSent, delimiters)
  const reader = makeReader(delimiters, knownCharset(charsetNames, choice))
  const header = headerOf(reader.segment(bytes), delimiters, charsetNames)
  const found = new Map<string, Hl7Segment>()
  const patients: PatientIdentifier[][] = []
  const separator = delimiters.field.charCodeAt(0)
  const next = nextHeader(raw, headerLine.end, delimiters.field)
  let count = 0
  for (const line of lines) {
    if (line.start > next || ++count > MAX_LINES) break
    if (!MAY_BEGIN_KEY.has(raw[line.start]!)) continue
    const name = rawName(raw, line, separator)
    if (name === undefined || !KEYS.some((key) => key === name)) continue
    const fields = PATIENT_FIELDS[name]
    if (fields === undefined && found.has(name)) continue
    const segment = reader.segment(lineBytes(raw, line))
    if (!found.has(name)) found.set(name, segment)
    if (fields !== undefined) patients.push(fields.flatMap((field) => identifiersOf(segment, field)))
  }
  return {
    readable: true,
    header,
    charset: reader.charset,
    decoded: reader.decoded(),
    several: next < raw.length,
    ...keysOf(found),
    patients: patients.filter((identifiers) => identifiers.length > 0),
  }
}

function lineBytes(raw: Buffer, { start, end }: RawLine): Buffer {
  return raw.subarray(start, Math.min(end, start + MAX_LINE_BYTES))
}

/** Where another message begins in the same bytes; their length when none does. */
function nextHeader(raw: Buffer, from: number, separator: string): number {
  const found = ['\r', '\n'].map((end) => raw.indexOf(`${end}MSH${separator}`, from, 'latin1'))
  return Math.min(...found.map((at) => (at === -1 ? raw.length : at)))
}

function knownCharset(names: readonly string[], choice: CharsetChoice): Charset | undefined {
  try {
    return resolveCharset(names, choice)
  } catch (thrown) {
    // An unknown name stops the parsing later; the door only needs the ASCII part.
    if (asFailure(thrown).code === 'hl7-charset-unknown') return undefined
    throw thrown
  }
}

function makeReader(delimiters: Delimiters, charset: Charset | undefined) {
  let decoded = true
  return {
    charset,
    decoded: () => decoded,
    segment(bytes: Buffer): Hl7Segment {
      const text = tryDecode(bytes, charset ?? 'ascii')
      if (text === undefined) decoded = false
      return makeSegment(text ?? bytes.toString('latin1'), delimiters, charset)
    },
  }
}

function makeSegment(text: string, delimiters: Delimiters, charset: Charset = 'ascii'): Hl7Segment {
  return new Hl7Segment(text, { delimiters, charset }, { index: 0, sequence: 1 })
}

/** Read once: each message is asked for them. */
const AT = {
  messageCode: parseFieldPath('9.1'),
  triggerEvent: parseFieldPath('9.2'),
  messageStructure: parseFieldPath('9.3'),
  account: parseFieldPath('18.1'),
  visit: parseFieldPath('19.1'),
  placerOrder: parseFieldPath('2.1'),
  fillerOrder: parseFieldPath('3.1'),
  recorded: parseFieldPath('2.1'),
  occurred: parseFieldPath('6.1'),
}

function headerOf(segment: Hl7Segment, delimiters: Delimiters, charsetNames: readonly string[]): Header {
  return {
    sendingApplication: firstOf(segment, 3),
    sendingFacility: firstOf(segment, 4),
    receivingApplication: firstOf(segment, 5),
    receivingFacility: firstOf(segment, 6),
    dateTime: firstOf(segment, 7),
    messageCode: textOf(segment, AT.messageCode),
    triggerEvent: textOf(segment, AT.triggerEvent),
    messageStructure: textOf(segment, AT.messageStructure),
    controlId: firstOf(segment, 10),
    processingId: firstOf(segment, 11),
    version: firstOf(segment, 12),
    acceptAckType: firstOf(segment, 15),
    applicationAckType: firstOf(segment, 16),
    charsetNames,
    segment,
    delimiters,
  }
}

function keysOf(segments: ReadonlyMap<string, Hl7Segment>) {
  const pid = segments.get('PID')
  return {
    patientIdentifiers: patientOf(pid),
    accountNumber: textOf(pid, AT.account),
    visitNumber: textOf(segments.get('PV1'), AT.visit),
    placerOrderNumber:
      textOf(segments.get('ORC'), AT.placerOrder) ?? textOf(segments.get('OBR'), AT.placerOrder),
    fillerOrderNumber:
      textOf(segments.get('ORC'), AT.fillerOrder) ?? textOf(segments.get('OBR'), AT.fillerOrder),
    recordedAt: textOf(segments.get('EVN'), AT.recorded),
    occurredAt: textOf(segments.get('EVN'), AT.occurred),
  }
}

function patientOf(pid: Hl7Segment | undefined): PatientIdentifier[] {
  const current = identifiersOf(pid, 3)
  return current.length > 0 ? current : [...identifiersOf(pid, 2), ...identifiersOf(pid, 4)]
}

function identifiersOf(segment: Hl7Segment | undefined, fieldNumber: number): PatientIdentifier[] {
  const identifiers: PatientIdentifier[] = []
  const field = segment?.field(fieldNumber)
  if (field === undefined || field.isEmpty) return identifiers
  for (const repetition of field.repetitions.slice(0, MAX_PARTS)) {
    const id = clean(repetition.component(1).value)
    if (id === undefined) continue
    const authority = repetition.component(4)
    identifiers.push({
      id,
      authority: clean(authority.subcomponent(1)) ?? clean(authority.subcomponent(2)),
      universalId: clean(authority.subcomponent(2)),
      universalIdType: clean(authority.subcomponent(3)),
      type: clean(repetition.component(5).value),
    })
  }
  return identifiers
}

/** The first component with a value: of an HD the namespace, or else the universal id (`^1.2.3^ISO`). */
export function firstOf(segment: Hl7Segment, field: number): string | undefined {
  const repetition = segment.field(field).repetition(1)
  if (repetition.isEmpty) return undefined
  for (let n = 1; n <= MAX_PARTS; n++) {
    const text = clean(repetition.component(n).value)
    if (text !== undefined) return text
  }
  return undefined
}

function textOf(segment: Hl7Segment | undefined, path: FieldPath): string | undefined {
  return clean(segment?.get(path))
}

/** A key: trimmed, without control characters (a column of text takes no NUL), nothing for null and blank. */
function clean(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined
  // oxlint-disable-next-line no-control-regex
  const text = (/[\0-\x1f\x7f]/.test(value) ? value.replace(/[\0-\x1f\x7f]/g, ' ') : value).trim()
  return text === '' ? undefined : text
}
