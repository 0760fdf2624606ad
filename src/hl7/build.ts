/** Making a message: its header from what the sender knows, the rest by `set`. HL7 v2.5 chapter 2, §2.15.9. */
import { hl7CharsetName, type Charset } from './charset/index.ts'
import { standardDelimiters, type Delimiters } from './delimiters.ts'
import { formatDtm } from './dtm.ts'
import { parseMessage, type Hl7Message } from './message.ts'

export interface NewMessageHeader {
  /** MSH-9: `ADT^A01^ADT_A01`. */
  readonly type: string
  /** MSH-10 */
  readonly controlId: string
  /** MSH-7 */
  readonly epochMs: number
  readonly offsetMinutes?: number | undefined
  readonly sendingApplication?: string | undefined
  readonly sendingFacility?: string | undefined
  readonly receivingApplication?: string | undefined
  readonly receivingFacility?: string | undefined
  /** MSH-11: `P` unless given. */
  readonly processingId?: string | undefined
  /** MSH-12: `2.5` unless given. */
  readonly version?: string | undefined
  /** What it is written in, and MSH-18 says. UTF-8 unless given. */
  readonly charset?: Charset | undefined
  readonly delimiters?: Delimiters | undefined
}

/**
 * A message of one segment, to be filled with `message.set('PID-3.1', '4711')`.
 * @example buildMessage({ type: 'ADT^A01^ADT_A01', controlId: 'C1', epochMs: Date.now() })
 * @throws Failure `invalid`/`hl7-no-escape-character` when the delimiters have none and a value needs one
 */
export function buildMessage(header: NewMessageHeader): Hl7Message {
  const { charset = 'utf-8', delimiters = standardDelimiters, epochMs, offsetMinutes } = header
  const message = parseMessage(`MSH${delimiters.field}${encodingCharacters(delimiters)}\r`, { charset })
  const [code, event, structure] = header.type.split('^')
  const values: readonly (readonly [path: string, value: string | undefined])[] = [
    ['MSH-3', header.sendingApplication],
    ['MSH-4', header.sendingFacility],
    ['MSH-5', header.receivingApplication],
    ['MSH-6', header.receivingFacility],
    ['MSH-7', formatDtm(epochMs, offsetMinutes)],
    ['MSH-9.1', code],
    ['MSH-9.2', event],
    ['MSH-9.3', structure],
    ['MSH-10', header.controlId],
    ['MSH-11', header.processingId ?? 'P'],
    ['MSH-12', header.version ?? '2.5'],
  ]
  for (const [path, value] of values) if (value !== undefined) message.set(path, value)
  // ASCII is what an empty field means.
  const names = charset === 'ascii' ? [] : hl7CharsetName(charset).split('~')
  for (const [index, name] of names.entries()) message.set(`MSH-18[${index + 1}]`, name)
  return message
}

/** A blank keeps the place of one that is left out, when others follow. */
function encodingCharacters({ component, repetition, escape, subcomponent, truncation }: Delimiters): string {
  return [component, repetition, escape, subcomponent, truncation]
    .map((one) => one ?? ' ')
    .join('')
    .trimEnd()
}
