/** The conversions that tables call by name (`@unit`): what a row of paths and constants can't say. */
import type { PrimitiveContext } from './primitives.ts'
import { setUnit } from './quantity.ts'
import { writeBounds, writeRate } from './rate.ts'
import { writeRepeatPattern } from './repeat-pattern.ts'
import { writeReferenceRange } from './reference-range.ts'
import {
  authorityUri,
  codeSystemUri,
  identifierSystem,
  universalUri,
  type CodeSystemContext,
} from './systems.ts'
import type { Obj } from './tree.ts'
import { minutesOf, timeAfter } from './after.ts'
import { ucumCode } from './units.ts'
import { textOf, type V2Value } from './value.ts'

export interface FunctionContext extends CodeSystemContext, PrimitiveContext {
  /** All repetitions of the field that the rule reads. */
  readonly repetitions: () => readonly V2Value[]
  /** A component of another field of the segment. */
  readonly text: (field: number, component: number) => string | undefined
}

/** Gives the text of a primitive, or fills the object at the target and gives nothing. */
export type MappingFunction = (
  value: V2Value,
  context: FunctionContext,
  argument: string,
  node: Obj | undefined,
  row: string,
) => string | undefined

export const FUNCTIONS: Readonly<Record<string, MappingFunction>> = {
  /** Identifier.system of an HD; the argument is the part where it starts: 1 for CX.4, 2 for EI. */
  system: (value, context, argument) => identifierSystem(value, Number(argument), context),
  /** Who gave the number, where an OID or a registry says who that is; the argument as in `system`. */
  authority: (value, context, argument) => authorityUri(value, Number(argument), context),
  /** Coding.system of a name of table 0396. */
  codeSystem: (value, context) => {
    const name = textOf(value)
    return name === undefined ? undefined : codeSystemUri(name, context)
  },
  /** The URI of a universal id, for a value in urn:ietf:rfc:3986. */
  uri: (value) => {
    const id = textOf(value.part(2))
    return id === undefined ? undefined : (universalUri(id, textOf(value.part(3))) ?? id)
  },
  /** All that was sent, separators too. */
  text: ({ whole }) => whole ?? undefined,
  /** OBX-5 that should be a number and is none: what was sent, with its unit. */
  notNumeric: ({ whole }, context) => {
    context.warn('number-not-understood', 'OBX-5')
    const unit = context.text(6, 1) ?? context.text(6, 2)
    return whole ? [whole.trim(), unit].filter((part) => part !== undefined).join(' ') : undefined
  },
  /** The repetitions as lines of one text. */
  lines: (_value, { repetitions }) =>
    repetitions()
      .map(({ whole }) => whole ?? '')
      .join('\n'),
  /** CWE or CE as unit, and as code where UCUM has it. */
  unit: (value, context, _argument, node, row) => {
    const [code, text, system] = [1, 2, 3].map((n) => textOf(value.part(n)))
    if (node) setUnit(node, { code, text, system }, context, row)
    return undefined
  },
  /** OBX-7 as low and high, where it names them. */
  referenceRange: ({ whole }, context, _argument, node, row) => {
    if (node && whole) writeReferenceRange(node, whole, context, row)
    return undefined
  },
  /** SN that fits no FHIR type: its parts with one space between. */
  structuredNumeric: (value) =>
    [1, 2, 3, 4]
      .map((n) => textOf(value.part(n)))
      .filter((part) => part !== undefined)
      .join(' '),
  /** XTN 2.3.1 and later: country, area, number, extension. */
  phoneNumber: (value) => {
    const [country, area, local, extension] = [5, 6, 7, 8].map((n) => textOf(value.part(n)))
    const parts = [
      country === undefined ? undefined : `+${country.replace(/^\+/, '')}`,
      area,
      local,
      extension === undefined ? undefined : `X${extension}`,
    ]
    return parts.filter((part) => part !== undefined).join(' ')
  },
  /** XPN as one text: prefix, given names, family name, suffix. */
  personName: (value) =>
    [5, 2, 3, 1, 4]
      .map((n) => textOf(value.part(n)))
      .filter((part) => part !== undefined)
      .join(' '),
  /** ED.2 and ED.3 as media type; the argument is the part where it starts: 3 for RP. */
  contentType: (value, _context, argument) => {
    const first = argument === '' ? 2 : Number(argument)
    return mediaType(textOf(value.part(first)), textOf(value.part(first + 1)))
  },
  /** An address that others can follow; a path of a file server is none. */
  url: (value) => {
    const text = textOf(value)
    return text !== undefined && /^(?:https?|ftps?|urn|cid|dicom):\S+$/i.test(text) ? text : undefined
  },
  /** ED.5 as base64, whichever encoding ED.4 names. */
  base64: (value) => {
    const body = value.part(5).whole ?? undefined
    if (body === undefined) return undefined
    switch (textOf(value.part(4))?.toLowerCase()) {
      case 'base64':
        return body.replaceAll(/\s+/g, '')
      case 'hex':
        return Buffer.from(body.replaceAll(/\s+/g, ''), 'hex').toString('base64')
      default:
        return Buffer.from(body, 'utf8').toString('base64')
    }
  },
  textBase64: ({ whole }) => (whole ? Buffer.from(whole, 'utf8').toString('base64') : undefined),
  /** CQ as whole minutes. */
  minutes: (value) => {
    const amount = Number(textOf(value.part(1)))
    const factor = minutesOf(textOf(value.part(2)) ?? 'min')
    return Number.isFinite(amount) && factor !== undefined ? String(Math.round(amount * factor)) : undefined
  },
  /** The end of what begins at one place of the segment and lasts so long: `@after(11.4,10.1)` of SCH-9. Minutes unless a unit is sent. */
  after: (value, { text }, argument) => {
    const [start, unit] = argument.split(',').map((place) => {
      const [field, component = '1'] = place.split('.')
      return text(Number(field), Number(component))
    })
    const length = Number(textOf(value) ?? NaN)
    return start === undefined ? undefined : timeAfter(start, length, unit ?? 'min')
  },
  /** A unit of time as FHIR's code. */
  durationUnit: (value) => {
    const unit = textOf(value)
    const code = unit === undefined ? undefined : ucumCode(unit)
    return code !== undefined && ['s', 'min', 'h', 'd', 'wk', 'mo', 'a'].includes(code) ? code : undefined
  },
  /** A rate of administration; the argument: the field that says per how long, and the one that says how much when it is not the next. */
  rate: (_value, context, argument, node, row) => {
    const [per, amount = per! + 1] = argument.split(',').map(Number)
    if (node) writeRate(node, { per: per!, amount }, context, row)
    return undefined
  },
  /** A length of time as TQ.3 writes it (`D7`) as Timing.repeat.boundsDuration. */
  boundsDuration: (value, context, _argument, node, row) => {
    const text = textOf(value)
    if (node && text !== undefined) writeBounds(node, text, context, row)
    return undefined
  },
  /** A code of table 0335 as frequency and period, where it names them. */
  repeatPattern: (value, _context, _argument, node, row) => {
    const text = textOf(value)
    if (node && text !== undefined) writeRepeatPattern(node, text, row)
    return undefined
  },
  /** A currency of ISO 4217; FHIR knows no other. */
  currency: (value) => {
    const code = textOf(value)?.toUpperCase()
    return code !== undefined && CURRENCIES.has(code) ? code : undefined
  },
  /** 1 is Monday in RPT, as in ISO 8601. */
  dayOfWeek: (value) => ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'][Number(textOf(value)) - 1],
}

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

const TYPES: ReadonlyMap<string, string> = new Map([
  ['AP', 'application'],
  ['AU', 'audio'],
  ['FT', 'text'],
  ['IM', 'image'],
  ['MULTIPART', 'multipart'],
  ['NS', 'application'],
  ['SD', 'application'],
  ['SI', 'image'],
  ['TEXT', 'text'],
  ['TX', 'text'],
])

/** Tables 0191 and 0291: `AP^PDF`, `application^pdf`, `IM^JPEG`. */
function mediaType(type: string | undefined, subtype: string | undefined): string | undefined {
  if (subtype?.includes('/')) return subtype.toLowerCase()
  if (type?.includes('/')) return type.toLowerCase()
  if (subtype === undefined) return type?.toLowerCase() === 'pdf' ? 'application/pdf' : undefined
  const name = subtype.toLowerCase()
  if (name === 'pdf') return 'application/pdf'
  const family = type === undefined ? 'application' : (TYPES.get(type.toUpperCase()) ?? type.toLowerCase())
  return /^[\w.+-]+$/.test(name) && /^[a-z]+$/.test(family)
    ? `${family}/${name === 'jpg' ? 'jpeg' : name}`
    : undefined
}
