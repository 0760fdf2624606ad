/** Values of the FHIRPath engine as parts of a Parameters resource, decimals digit by digit. */
import { FP_Decimal, type ResourceNode } from 'fhirpath'

import type { Json, JsonObject } from '../../kernel/json.ts'

/** A part as it will stand in the answer. */
export interface PathPart {
  /** FHIR type; `empty-string` for the text that JSON can't have as a value. */
  readonly name: string
  /** `Patient.name[0].given[1]`; undefined for what was computed. */
  readonly place: string | undefined
  /** JSON text of the members beside name and place: `"valueString":"x"`. */
  readonly content: string
}

const JSON_VALUE = 'http://fhir.forms-lab.com/StructureDefinition/json-value'
const RESOURCE_PATH = 'http://fhir.forms-lab.com/StructureDefinition/resource-path'

/** Numbers with a point or too many digits become the engine's own decimals. */
export function parseDecimals(text: string): JsonObject {
  const keep = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value)
      ? FP_Decimal.getDecimal(source)
      : typeof value === 'number' && /[.eE]/.test(source ?? '')
        ? FP_Decimal.getDecimal(source!)
        : value
  return JSON.parse(text, keep as Parameters<typeof JSON.parse>[1]) as JsonObject
}

/** @param type as the engine names it: `FHIR.HumanName`, `System.String` */
export function partOf(value: unknown, type: string, valueTypes: ReadonlySet<string>): PathPart {
  const name = SYSTEM_TYPES[type] ?? type.slice(type.indexOf('.') + 1)
  if (isNode(value)) return nodePart(value, name, valueTypes)
  if (value === '') return { name: 'empty-string', place: undefined, content: '' }
  return { name, place: undefined, content: computed(value, name, valueTypes) }
}

/** The text of a part, with its name and place. */
export function partText({ name, place, content }: PathPart): string {
  const extension =
    place === undefined
      ? []
      : [`"extension":[{"url":"${RESOURCE_PATH}","valueString":${JSON.stringify(place)}}]`]
  // What is no value[x] has an extension of its own: both then stand in one list.
  if (content.startsWith('"extension":[') && place !== undefined)
    return `{${extension[0]!.slice(0, -1)},${content.slice('"extension":['.length)},"name":${JSON.stringify(name)}}`
  const members = [...extension, `"name":${JSON.stringify(name)}`, ...(content === '' ? [] : [content])]
  return `{${members.join(',')}}`
}

const SYSTEM_TYPES: Readonly<Record<string, string>> = {
  'System.Boolean': 'boolean',
  'System.String': 'string',
  'System.Integer': 'integer',
  'System.Long': 'integer64',
  'System.Decimal': 'decimal',
  'System.Date': 'date',
  'System.DateTime': 'dateTime',
  'System.Time': 'time',
  'System.Quantity': 'Quantity',
}

function isNode(value: unknown): value is ResourceNode {
  return typeof value === 'object' && value !== null && 'fhirNodeDataType' in value && 'data' in value
}

function nodePart(node: ResourceNode, named: string, valueTypes: ReadonlySet<string>): PathPart {
  const { data, _data: extended, path } = node as { data: unknown; _data: unknown; path: string | null }
  const full = node.fullPropertyName()
  // What is in no resource, such as the name of a type, has no path that could be gone.
  const place = full === undefined || full.startsWith('null') ? undefined : full
  // `Patient#contact`: a part of a resource is no type of its own.
  const isPart = named === 'BackboneElement' || named === 'Element'
  const name = isPart && path ? path.replace('.', '#') : named
  if (isPart) return { name, place, content: jsonValue(data) }
  if (typeof data === 'object' && data !== null && 'resourceType' in data)
    return { name, place, content: `"resource":${exactText(data)}` }
  if (!valueTypes.has(name)) return { name, place, content: jsonValue(data ?? extended) }
  const member = `value${name[0]!.toUpperCase()}${name.slice(1)}`
  const members = [
    ...(data === null || data === undefined ? [] : [`"${member}":${exactText(data)}`]),
    ...(extended === null || extended === undefined ? [] : [`"_${member}":${exactText(extended)}`]),
  ]
  return { name, place, content: members.join(',') }
}

function computed(value: unknown, name: string, valueTypes: ReadonlySet<string>): string {
  if (name === 'Quantity' && isQuantity(value)) return `"valueQuantity":${quantityText(value)}`
  if (!valueTypes.has(name)) return jsonValue(typeof value === 'bigint' ? Number(value) : value)
  return `"value${name[0]!.toUpperCase()}${name.slice(1)}":${scalarText(value)}`
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value)
  if (value instanceof FP_Decimal) return value.toString()
  // The engine writes UTC as an offset that FHIR doesn't know.
  return JSON.stringify(String(value).replace(/-00:00$/, 'Z'))
}

interface EngineQuantity {
  readonly value: unknown
  /** `'mg'`, or a word of the calendar: `days`. */
  readonly unit: string
}

function isQuantity(value: unknown): value is EngineQuantity {
  return typeof value === 'object' && value !== null && typeof (value as EngineQuantity).unit === 'string'
}

function quantityText({ value, unit }: EngineQuantity): string {
  const ucum = /^'(.*)'$/s.exec(unit)?.[1]
  const units: Json =
    ucum === undefined ? { unit } : { unit: ucum, system: 'http://unitsofmeasure.org', code: ucum }
  return `{"value":${scalarText(value)},${JSON.stringify(units).slice(1)}`
}

function jsonValue(value: unknown): string {
  return `"extension":[{"url":"${JSON_VALUE}","valueString":${JSON.stringify(exactText(value))}}]`
}

interface RawJson {
  rawJSON(text: string): unknown
}
// Node 24 has it; the type library does not yet.
const { rawJSON } = JSON as unknown as RawJson

/** As JSON, with the digits of each decimal: a decimal's own toJSON would drop them. */
function exactText(value: unknown): string {
  return JSON.stringify(
    value,
    function keepDigits(this: Record<string, unknown>, key: string, item: unknown) {
      const original = this[key]
      return original instanceof FP_Decimal ? rawJSON(original.toString()) : item
    },
  )
}
