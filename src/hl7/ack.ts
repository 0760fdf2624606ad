/**
 * Builds the general acknowledgement: MSH, MSA and ERR. HL7 v2.5 chapter 2, §2.13.1, §2.15.5, §2.15.8.
 * It answers in the sender's own words (delimiters, version, country, character set) with sender and receiver changed
 * about, and can be built when only MSH-10, or nothing at all, was readable.
 */
import { encodeText, type Charset } from './charset/index.ts'
import { standardDelimiters, type Delimiters } from './delimiters.ts'
import { formatDtm } from './dtm.ts'
import { errorTexts, type AckCode, type AckError, type ErrorLocation } from './error-codes.ts'
import { encodeEscapes } from './escape.ts'
import type { Intake, Unreadable } from './intake.ts'

export interface AckRequest {
  /** What readIntake gave for the message that is answered. */
  readonly to: Intake | Unreadable | undefined
  readonly code: AckCode
  /** MSH-10 of the acknowledgement itself: unique among our messages, up to 20 characters for senders before v2.7. */
  readonly controlId: string
  /** When it is sent. */
  readonly epochMs: number
  readonly offsetMinutes?: number | undefined
  readonly errors?: readonly AckError[] | undefined
  /** MSA-3, for versions before 2.7: a short text without patient data. Default: the text of the first error. */
  readonly text?: string | undefined
  /** Who answers when the message does not say who it was for. */
  readonly self?: { readonly application: string; readonly facility?: string | undefined } | undefined
}

/** What an answer repeats of a header; fields are raw, in the sender's delimiters. */
interface Echo {
  readonly delimiters: Delimiters
  readonly charset: Charset
  readonly encodingCharacters: string
  readonly version: number
  field(n: number): string
  readonly triggerEvent: string | undefined
}

const ASSUMED_VERSION = '2.5'

/** The acknowledgement's bytes, without MLLP framing, each segment ended by CR. */
export function buildAck(request: AckRequest): Buffer {
  const echo = echoOf(request.to)
  const errors = request.errors ?? []
  const segments = [
    headerSegment(request, echo),
    acknowledgementSegment(request, echo, errors),
    ...errors.map((error) => errorSegment(error, echo)),
  ]
  // What was read byte by byte goes back the same way.
  return encodeText(segments.map((segment) => `${segment}\r`).join(''), echo.charset, {
    missing: 'question-mark',
  })
}

function echoOf(to: AckRequest['to']): Echo {
  if (to?.readable !== true) {
    return {
      delimiters: standardDelimiters,
      charset: 'ascii',
      encodingCharacters: '^~\\&',
      version: versionNumber(undefined),
      field: () => '',
      triggerEvent: undefined,
    }
  }
  const { segment, delimiters, triggerEvent, version } = to.header
  return {
    delimiters,
    charset: to.decoded ? (to.charset ?? 'ascii') : 'iso-8859-1',
    encodingCharacters: readableCharacters(segment.field(2).raw),
    version: versionNumber(version),
    field: (n) => printable(segment.field(n).raw),
    triggerEvent: triggerEvent?.replace(/[^A-Za-z0-9_]/g, ''),
  }
}

/** `2.3.1` as 2.31, so that versions compare; what is not understood counts as today's. */
function versionNumber(version: string = ASSUMED_VERSION): number {
  const [, minor, patch = ''] = /^2\.(\d)(?:\.(\d))?/.exec(version) ?? []
  return minor === undefined ? 2.5 : Number(`2.${minor}${patch}`)
}

function headerSegment({ controlId, epochMs, offsetMinutes, self }: AckRequest, echo: Echo): string {
  const { delimiters, encodingCharacters, field, version } = echo
  const own = (text: string | undefined): string => encodeOwn(text ?? '', delimiters)
  const fields = [
    `MSH${delimiters.field}${encodingCharacters}`, // MSH-1, MSH-2
    field(5) || own(self?.application),
    field(6) || own(self?.facility),
    field(3),
    field(4),
    formatDtm(epochMs, offsetMinutes),
    '',
    messageType(version, echo.triggerEvent, delimiters.component),
    own(controlId),
    field(11) || 'P',
    field(12) || ASSUMED_VERSION,
    '', // MSH-13
    '',
    '',
    '',
    field(17),
    field(18),
  ]
  return trimEnd(fields, delimiters)
}

/** MSH-9: a code alone up to v2.2, with the event from v2.3, with the structure from v2.3.1. */
function messageType(
  version: number,
  triggerEvent: string | undefined,
  component: string | undefined,
): string {
  if (component === undefined || version < 2.3) return 'ACK'
  const event = triggerEvent ?? ''
  if (version < 2.31) return event === '' ? 'ACK' : `ACK${component}${event}`
  return `ACK${component}${event}${component}ACK`
}

function acknowledgementSegment({ code, text }: AckRequest, echo: Echo, errors: readonly AckError[]): string {
  const { delimiters, field, version } = echo
  const [first] = errors
  const message = version < 2.7 ? (text ?? first?.text ?? (first && errorTexts[first.code]) ?? '') : ''
  return trimEnd(['MSA', code, field(10), encodeOwn(message.slice(0, 80), delimiters)], delimiters)
}

function errorSegment(error: AckError, echo: Echo): string {
  return echo.version < 2.5 ? oldErrorSegment(error, echo) : modernErrorSegment(error, echo)
}

/** Before v2.5: ERR-1 (ELD) is segment, sequence, field and the code with its text. */
function oldErrorSegment({ code, location }: AckError, { delimiters }: Echo): string {
  const { component, subcomponent } = delimiters
  const coded =
    subcomponent === undefined
      ? code
      : [code, encodeOwn(errorTexts[code], delimiters), 'HL70357'].join(subcomponent)
  if (component === undefined) return `ERR${delimiters.field}${coded}`
  const place = [location?.segment, location?.sequence, location?.field].map((piece) => String(piece ?? ''))
  return `ERR${delimiters.field}${[...place, coded].join(component)}`
}

/** From v2.5: ERR-2 (ERL) where, ERR-3 what, ERR-4 how bad, ERR-5 our own code, ERR-8 for a person. */
function modernErrorSegment(
  { code, severity = 'E', location, applicationCode, text }: AckError,
  echo: Echo,
): string {
  const { delimiters } = echo
  const coded = [code, encodeOwn(errorTexts[code], delimiters), 'HL70357'].join(delimiters.component ?? ' ')
  const fields = [
    'ERR',
    '',
    location === undefined ? '' : errorLocation(location, delimiters),
    coded,
    severity,
    encodeOwn(applicationCode ?? '', delimiters),
    '',
    '',
    encodeOwn((text ?? '').slice(0, 250), delimiters),
  ]
  return trimEnd(fields, delimiters)
}

function errorLocation(location: ErrorLocation, { component }: Delimiters): string {
  const { segment, field } = location
  const sequence = location.sequence ?? 1
  // A repetition is told as soon as a field is (default 1), a component only when it is known.
  const repetition = location.repetition ?? (field === undefined ? undefined : 1)
  const pieces = [segment, sequence, field, repetition, location.component, location.subcomponent]
  while (pieces.at(-1) === undefined) pieces.pop()
  return component === undefined ? segment : pieces.map((piece) => String(piece ?? '')).join(component)
}

/** Our own words: in a message without an escape character what would need one becomes a space. */
function encodeOwn(text: string, delimiters: Delimiters): string {
  if (delimiters.escape !== undefined) return encodeEscapes(text, delimiters)
  const reserved = Object.values(delimiters)
  return [...text].map((character) => (reserved.includes(character) ? ' ' : character)).join('')
}

/** A field of the sender's goes back as it came, but for characters that would break the frame. */
function printable(raw: string): string {
  // oxlint-disable-next-line no-control-regex
  return raw.replace(/[\0\x0b\x1c\r\n]/g, '')
}

/**
 * MSH-2 as it was understood: five characters at most, and a blank (which stands for none) where one of them would
 * break the frame, so that those after it keep their places.
 */
function readableCharacters(raw: string): string {
  // oxlint-disable-next-line no-control-regex
  const characters = raw.slice(0, 5).replace(/[\0\x0b\x1c\r\n]/g, ' ')
  return characters.trimEnd() || '^~\\&'
}

function trimEnd(fields: readonly string[], { field }: Delimiters): string {
  let length = fields.length
  while (fields[length - 1] === '') length--
  return fields.slice(0, length).join(field)
}
