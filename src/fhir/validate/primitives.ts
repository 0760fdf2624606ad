/** The formats of R4's primitive types in JSON. https://hl7.org/fhir/R4/datatypes.html#primitive */
import { isDate, isDateTime, isInstant, isTime } from '../../kernel/dates.ts'

/** What a value of the type must be; `test` takes any JSON value. */
export interface PrimitiveFormat {
  readonly expected: string
  readonly test: (value: unknown) => boolean
}

const MAX_INT32 = 2_147_483_647
const MIN_INT32 = -2_147_483_648
/** Strings SHALL NOT exceed 1 MB. */
const MAX_STRING_LENGTH = 1_048_576
// eslint-disable-next-line no-control-regex -- these are what a string must not have
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/
const UUID = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const CODE = /^[^\s]+(?:\s[^\s]+)*$/
const ID = /^[A-Za-z0-9\-.]{1,64}$/

export const PRIMITIVES: Readonly<Record<string, PrimitiveFormat>> = {
  boolean: { expected: 'true or false', test: (value) => typeof value === 'boolean' },
  integer: { expected: 'a whole number of 32 bits', test: integerFrom(MIN_INT32) },
  unsignedInt: { expected: 'a whole number from 0 to 2147483647', test: integerFrom(0) },
  positiveInt: { expected: 'a whole number from 1 to 2147483647', test: integerFrom(1) },
  decimal: { expected: 'a number', test: (value) => typeof value === 'number' && Number.isFinite(value) },
  string: text('text without control characters, not empty', isPlainText),
  markdown: text('text without control characters, not empty', isPlainText),
  xhtml: text('text', (value) => value !== ''),
  code: text('a code: no white space at its ends, single spaces inside', (value) => CODE.test(value)),
  id: text('an id: 1 to 64 letters, digits, - and .', isId),
  uri: text('a URI without white space', isUri),
  url: text('a URL without white space', isUri),
  canonical: text('a canonical URL without white space', isUri),
  oid: text('an OID as urn:oid:…', (value) => OID.test(value)),
  uuid: text('a UUID as urn:uuid:…', (value) => UUID.test(value)),
  base64Binary: text('base64 text', isBase64),
  date: text('a date: YYYY, YYYY-MM or YYYY-MM-DD', isDate),
  dateTime: text('a date, or a date and time with seconds and time zone', isDateTime),
  instant: text('a date and time with seconds and time zone', isInstant),
  time: text('a time of day: hh:mm:ss', isTime),
}

function isId(value: string): boolean {
  return ID.test(value)
}

function text(expected: string, test: (value: string) => boolean): PrimitiveFormat {
  return { expected, test: (value) => typeof value === 'string' && test(value) }
}

function integerFrom(min: number): PrimitiveFormat['test'] {
  return (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= MAX_INT32
}

function isPlainText(value: string): boolean {
  return value !== '' && value.length <= MAX_STRING_LENGTH && !CONTROL_CHARACTER.test(value)
}

function isUri(value: string): boolean {
  if (value === '' || /\s/.test(value)) return false
  if (!value.startsWith('urn:')) return true
  if (value.startsWith('urn:oid:')) return OID.test(value)
  return !value.startsWith('urn:uuid:') || UUID.test(value)
}

/** https://hl7.org/fhir/R4/datatypes.html#base64Binary: white space may stand between the groups of four. */
function isBase64(value: string): boolean {
  const packed = /\s/.test(value) ? value.replaceAll(/\s/g, '') : value
  return packed.length > 0 && packed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(packed)
}
