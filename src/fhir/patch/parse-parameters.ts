/** The Parameters resource of a FHIRPath Patch as operations. https://hl7.org/fhir/R4/fhirpatch.html */
import { Failure } from '../../kernel/failure.ts'
import { type ExactJson, isObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** A parameter that carries a value, as it stands in both trees. */
export type Value = ExactJson

export type FhirPathOperation = { readonly at: string; readonly path: string } & (
  | { readonly type: 'add'; readonly name: string; readonly value: Value }
  | { readonly type: 'insert'; readonly index: number; readonly value: Value }
  | { readonly type: 'delete' }
  | { readonly type: 'replace'; readonly value: Value }
  | { readonly type: 'move'; readonly source: number; readonly destination: number }
)

/** Each is evaluated on the resource that the one before it left. */
const MAX_OPERATIONS = 1000

const PARTS: ReadonlySet<string> = new Set([
  'type',
  'path',
  'name',
  'value',
  'index',
  'source',
  'destination',
])

/** @throws Failure `invalid`/`patch-operation`, `too-large`/`patch-too-many-operations` */
export function parseParameters({ value, exact }: ExactJson): readonly FhirPathOperation[] {
  const { parameter = [] } = value
  if (!Array.isArray(parameter)) throw malformed('Parameters.parameter')
  if (parameter.length > MAX_OPERATIONS) {
    throw new Failure('too-large', 'patch-too-many-operations', { max: MAX_OPERATIONS })
  }
  const inExact = (exact['parameter'] ?? []) as Json[]
  return parameter.map((each, i) => parseOperation(each, inExact[i]!, `Parameters.parameter[${i}]`))
}

function malformed(expression: string): Failure {
  return new Failure('invalid', 'patch-operation', {}, { expression: [expression] })
}

function parseOperation(value: Json, exact: Json, at: string): FhirPathOperation {
  if (!isObject(value) || value['name'] !== 'operation') throw malformed(at)
  const parts = partsOf(value, exact, at)
  const type = text(parts, 'type')
  const path = text(parts, 'path')
  if (path === undefined) throw malformed(at)
  const common = { at, path }
  const carried = parts.get('value')
  switch (type) {
    case 'add': {
      const name = text(parts, 'name')
      if (name !== undefined && carried !== undefined) return { ...common, type, name, value: carried }
      break
    }
    case 'insert': {
      const index = number(parts, 'index')
      if (index !== undefined && carried !== undefined) return { ...common, type, index, value: carried }
      break
    }
    case 'delete':
      return { ...common, type }
    case 'replace':
      if (carried !== undefined) return { ...common, type, value: carried }
      break
    case 'move': {
      const source = number(parts, 'source')
      const destination = number(parts, 'destination')
      if (source !== undefined && destination !== undefined) return { ...common, type, source, destination }
      break
    }
    case undefined:
    default:
      break
  }
  throw malformed(at)
}

function partsOf({ part = [] }: JsonObject, exact: Json, at: string): Map<string, ExactJson> {
  const parts = new Map<string, ExactJson>()
  if (!Array.isArray(part)) throw malformed(at)
  const inExact = (exact as JsonObject)['part'] as Json[]
  for (const [i, value] of part.entries()) {
    const name = isObject(value) ? value['name'] : undefined
    if (typeof name !== 'string' || !PARTS.has(name) || parts.has(name)) throw malformed(`${at}.part[${i}]`)
    parts.set(name, { value: value as JsonObject, exact: inExact[i] as JsonObject })
  }
  return parts
}

/** As code or string: clients mix them up. */
function text(parts: ReadonlyMap<string, ExactJson>, name: string): string | undefined {
  const { valueString, valueCode } = parts.get(name)?.value ?? {}
  const found = valueString ?? valueCode
  return typeof found === 'string' && found !== '' ? found : undefined
}

function number(parts: ReadonlyMap<string, ExactJson>, name: string): number | undefined {
  const { valueInteger, valueUnsignedInt, valuePositiveInt } = parts.get(name)?.value ?? {}
  const found = valueInteger ?? valueUnsignedInt ?? valuePositiveInt
  return typeof found === 'number' && Number.isInteger(found) && found >= 0 ? found : undefined
}
