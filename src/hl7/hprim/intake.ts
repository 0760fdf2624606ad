/** What the door needs to know of an HPRIM santé file before it is stored, and its cut into one message a patient. */
import { asFailure, Failure } from '../../kernel/failure.ts'
import { decodeText, tryDecode, type Charset, type CharsetChoice } from '../charset/index.ts'
import { readIntake, type Intake, type Unreadable } from '../intake.ts'
import { parseMessage, type Hl7Message } from '../message.ts'
import { hprimDelimiters, parseHprim } from './message.ts'
import { hprimToV2 } from './to-v2.ts'

/** A file does not say its character set: the norm has one. */
function charsetOf({ override, fallback = 'iso-8859-1' }: CharsetChoice): Charset {
  return override ?? fallback
}

/** Header and keys of a file, as readIntake gives them of its v2 form; `several`: more than one patient. Never throws. */
export function readHprimIntake(raw: Buffer, choice: CharsetChoice = {}): Intake | Unreadable {
  const charset = charsetOf(choice)
  const decoded = tryDecode(raw, charset)
  try {
    const message = parseHprim(decoded ?? raw.toString('latin1'), charset)
    const read = readIntake(Buffer.from(hprimToV2(message), 'utf8'), { override: 'utf-8' })
    if (!read.readable) return read
    if (message.segments.at(-1)?.name !== 'L') return { readable: false, reason: 'no-end' }
    const patients = message.segments.filter(({ name }) => name === 'P').length
    return { ...read, charset, decoded: decoded !== undefined, several: patients > 1 }
  } catch (error) {
    return { readable: false, reason: reasonOf(asFailure(error).code, raw) }
  }
}

function reasonOf(code: string, raw: Buffer): Unreadable['reason'] {
  const reasons = ['no-header', 'field-separator', 'encoding-characters', 'lines'] as const
  if (raw.length === 0) return 'empty'
  return reasons.find((reason) => code === `hl7-${reason}`) ?? 'no-header'
}

/**
 * A file in the v2 model.
 * @throws Failure as parseHprim, and `invalid`/`hl7-charset` for bytes that are not text of the set
 */
export function parseHprimAsV2(raw: Buffer, choice: CharsetChoice = {}): Hl7Message {
  const charset = charsetOf(choice)
  return parseMessage(hprimToV2(parseHprim(decodeText(raw, charset), charset)), { charset })
}

/** Every part repeats the header: what all of them may come to, so that a small file can't become a huge one. */
const MAX_SPLIT_BYTES = 256 * 1024 * 1024

/**
 * The bytes of a file with several patients as files with one each: H, the patient's segments, L.
 * @throws Failure `too-large`/`hl7-batch-messages`
 */
export function splitHprim(raw: Buffer): Buffer[] {
  const lines = raw.toString('latin1').split(/(?<=[\r\n])(?=[^\r\n])/)
  const header = lines.map((line) => line.slice(line.indexOf('H'))).find((line) => line.startsWith('H'))
  const delimiters = hprimDelimiters(header ?? '')
  if (typeof delimiters === 'string') return [raw]
  const named = (line: string, name: string): boolean => line.trimStart().startsWith(name + delimiters.field)
  const first = lines.findIndex((line) => named(line, 'P'))
  const last = lines.findLastIndex((line) => named(line, 'L'))
  if (first === -1 || last < first) return [raw]
  const head = lines.slice(0, first).join('')
  const tail = lines.slice(last).join('')
  const patients: string[][] = []
  for (const line of lines.slice(first, last)) {
    if (named(line, 'P')) patients.push([])
    patients.at(-1)!.push(line)
  }
  if (patients.length * (head.length + tail.length) > MAX_SPLIT_BYTES)
    throw new Failure('too-large', 'hl7-batch-messages', { patients: patients.length })
  return patients.map((own) => Buffer.from(head + own.join('') + tail, 'latin1'))
}
