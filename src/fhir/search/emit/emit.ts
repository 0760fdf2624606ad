/** What turns an element's value into index entries: its shape, and what the kinds of parameters share. */
import type { JsonObject } from '../../../kernel/json.ts'
import type { TimeZone } from '../../../kernel/time-zone.ts'
import type { CodeSet } from '../../definitions/index.ts'
import type { ValueEntries } from '../entries.ts'

/** What extraction needs to know beside the resource. */
export interface ExtractContext {
  /** Of dates without an offset. */
  readonly zone: TimeZone
  /** Gives `Patient/123` for an absolute URL under this server's base; undefined for any other. */
  readonly toLocal: (url: string) => string | undefined
  /** The absolute URLs of this server's base, each with a slash at its end. */
  readonly bases: () => readonly string[]
}

/** And of the resource that is walked. */
export interface WalkContext extends ExtractContext {
  /** The contained resource of this id. */
  contained(id: string): JsonObject | undefined
}

export type Emit = (value: unknown, into: ValueEntries, context: WalkContext) => void

export interface EmitSpec {
  readonly param: string
  /** FHIR type of the value. */
  readonly type: string
  /** Name of the element that the values are of. */
  readonly element?: string | undefined
  /** Resource types that the parameter's references may point to; none: any. */
  readonly targets?: readonly string[]
  readonly resolvesTo: string | undefined
  /** Codes of the required binding. */
  readonly codes: CodeSet | undefined
  /** URL of the value set of the required binding. */
  readonly required?: string | undefined
}

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The primitive types that are a text in JSON. */
export const TEXT_TYPES: ReadonlySet<string> = new Set([
  'string',
  'markdown',
  'code',
  'id',
  'uri',
  'url',
  'canonical',
  'oid',
  'uuid',
])

/** A canonical URL is found with its version and without. https://hl7.org/fhir/R4/references.html#canonical */
export function withAndWithoutVersion(canonical: string): string[] {
  const bar = canonical.indexOf('|')
  return bar < 0 ? [canonical] : [canonical, canonical.slice(0, bar)]
}

/** Whether an element says anything but that it is there: "present with extensions but no @value" is as if it were not. */
export function hasContent(value: unknown): boolean {
  if (!isFields(value) || 'rawJSON' in value) return true
  return Object.keys(value).some((name) => name !== 'extension' && name !== 'id')
}

/** A number as written; one that JSON.parse would change comes as a raw JSON object. See kernel/json.ts. */
export function digitsOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? String((value as { rawJSON?: string }).rawJSON)
    : String(value)
}
