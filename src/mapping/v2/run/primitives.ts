/** Text of a message → JSON text of a FHIR primitive; undefined when the text is no such value. */
import { toDate, toDateTime, toInstant, toTime, type OffsetAt } from './dates.ts'

export interface PrimitiveContext {
  readonly offsetAt: OffsetAt
  /** 1,5 counts as the number 1.5. */
  readonly decimalComma: boolean
}

export function primitiveJson(type: string, text: string, context: PrimitiveContext): string | undefined {
  switch (type) {
    case 'decimal':
      return decimalJson(text, context)
    case 'integer':
      return integerJson(text, Number.MIN_SAFE_INTEGER)
    case 'unsignedInt':
      return integerJson(text, 0)
    case 'positiveInt':
      return integerJson(text, 1)
    case 'boolean':
      return booleanJson(text)
    default: {
      const value = stringValue(type, text, context)
      return value === undefined || value === '' ? undefined : JSON.stringify(value)
    }
  }
}

function stringValue(type: string, text: string, { offsetAt }: PrimitiveContext): string | undefined {
  switch (type) {
    case 'date':
      return toDate(text)
    case 'dateTime':
      return toDateTime(text, offsetAt)
    case 'instant':
      return toInstant(text, offsetAt)
    case 'time':
      return toTime(text)
    case 'code':
      return text.trim().replaceAll(/\s+/g, ' ')
    case 'id':
      return /^[A-Za-z0-9.-]{1,64}$/.test(text) ? text : undefined
    case 'uri':
    case 'url':
    case 'canonical':
    case 'oid':
    case 'uuid':
      return /\s/.test(text.trim()) ? undefined : text.trim()
    case 'base64Binary':
      return /^[\sA-Za-z0-9+/]*={0,2}\s*$/.test(text) ? text.replaceAll(/\s+/g, '') : undefined
    default:
      return visible(text)
  }
}

/** A FHIR string has no control characters but tab, CR and LF, and is not blank. */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const clean = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replaceAll(/\r\n?/g, '\n')
  return clean.trim() === '' ? '' : clean.trim()
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** The digits as they were sent: `07.10` → `7.10`. A number that JSON would write otherwise stays itself. */
export function decimalJson(
  text: string,
  { decimalComma }: Pick<PrimitiveContext, 'decimalComma'>,
): string | undefined {
  const dotted = decimalComma ? text.trim().replace(',', '.') : text.trim()
  const found = DECIMAL.exec(dotted)
  if (!found) return undefined
  const [, sign, whole = '', fraction = ''] = found
  if (whole === '' && fraction === '') return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`
}

function integerJson(text: string, least: number): string | undefined {
  const trimmed = text.trim()
  if (!/^[+-]?\d{1,9}(?:\.0*)?$/.test(trimmed)) return undefined
  const number = Number(trimmed)
  return number >= least ? String(number) : undefined
}

/** Table 0136 and its usual neighbours. */
function booleanJson(text: string): string | undefined {
  const value = text.trim().toUpperCase()
  if (['Y', 'TRUE', '1', 'O'].includes(value)) return 'true'
  return ['N', 'FALSE', '0'].includes(value) ? 'false' : undefined
}
