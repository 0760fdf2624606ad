/**
 * What an operation is called with: a Parameters resource, the one resource that it takes, or a query string.
 * https://hl7.org/fhir/R4/operations.html#request
 */
import { Failure } from '../../kernel/failure.ts'
import { isObject, parseExactObject, type ExactJson, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { PRIMITIVES } from '../validate/index.ts'
import type { ParameterDefinition } from './definition.ts'
import { inputOf, type OperationInput, type Parameter } from './parameter.ts'

export interface ParameterReader {
  /**
   * @param body undefined: none was sent
   * @throws Failure `invalid`/`parameter-unknown`, `invalid`/`operation-parameter-…`, `invalid`/`operation-body`
   */
  read(
    known: readonly ParameterDefinition[],
    query: URLSearchParams,
    body: ExactJson | undefined,
  ): OperationInput
}

/** Parts of parts of parts: deeper than any operation's, and no more than a stack holds. */
const MAX_PARTS_DEPTH = 20

export function makeParameterReader(definitions: Definitions): ParameterReader {
  const values = [...definitions.type('Parameters.parameter')!.properties.values()].filter(
    ({ element }) => element === 'value',
  )

  function fromBody(body: ExactJson, known: readonly ParameterDefinition[]): Parameter[] {
    const bare = known.filter(({ type }) => type === 'Resource' || definitions.isResourceType(type))
    if (body.value.resourceType !== 'Parameters') {
      const [only, ...others] = bare
      if (only === undefined || others.length > 0 || typeof body.value.resourceType !== 'string')
        throw new Failure('invalid', 'operation-body', { expected: 'Parameters' })
      const parameter: Parameter = { name: only.name, resource: body, source: body }
      return [checked(parameter, only, [])]
    }
    return itemsOf(body, 'parameter').map((item, i) => {
      const expression = [`Parameters.parameter[${i}]`]
      const parameter = parameterOf(item, expression, 0)
      const definition = known.find(({ name }) => name === parameter.name)
      if (definition === undefined) throw unknown(parameter.name, expression)
      return checked(parameter, definition, expression)
    })
  }

  function parameterOf(item: ExactJson<Json>, expression: readonly string[], depth: number): Parameter {
    const { value, exact } = item as ExactJson
    if (!isObject(value) || typeof value.name !== 'string' || depth > MAX_PARTS_DEPTH)
      throw new Failure('invalid', 'operation-parameter-form', {}, { expression })
    const { name, resource, part, extension } = value
    const present = values.find((property) => Object.hasOwn(value, property.name))
    return {
      name,
      source: item as ExactJson,
      ...(present && {
        type: present.type,
        value: { value: value[present.name]!, exact: exact[present.name]! },
      }),
      ...(isObject(resource) && { resource: { value: resource, exact: exact['resource'] as JsonObject } }),
      ...(part !== undefined && {
        parts: itemsOf(item as ExactJson, 'part').map((each) => parameterOf(each, expression, depth + 1)),
      }),
      ...(Array.isArray(extension) && { extensions: extension }),
    }
  }

  /** A primitive under the name of another is taken when it is a good one of the wanted type: valueString for a code. */
  function checked(
    parameter: Parameter,
    { name, type }: ParameterDefinition,
    expression: readonly string[],
  ): Parameter {
    const wrong = () =>
      new Failure('invalid', 'operation-parameter-type', { parameter: name, type }, { expression })
    const { value, resource, parts, extensions } = parameter
    if (type === 'Parts') {
      if (parts === undefined) throw wrong()
      return parameter
    }
    if (type === 'Resource' || definitions.isResourceType(type)) {
      const given = resource?.value.resourceType
      if (given === undefined && extensions !== undefined) return parameter
      if (typeof given !== 'string' || (type !== 'Resource' && given !== type)) throw wrong()
      return parameter
    }
    const primitive = PRIMITIVES[type]
    const good = primitive ? primitive.test(value?.value) : parameter.type === type && isObject(value?.value)
    if (!good) throw wrong()
    return { ...parameter, type }
  }

  function fromQuery(query: URLSearchParams, known: readonly ParameterDefinition[]): Parameter[] {
    return [...query].map(([name, text]) => {
      const definition = known.find((each) => each.name === name)
      if (definition === undefined) throw unknown(name, [])
      const value = valueOf(text, definition.type)
      const source = { value: { name }, exact: { name } }
      const parameter: Parameter = { name, type: definition.type, value, source }
      return checked(parameter, definition, [])
    })
  }

  return {
    read(known, query, body) {
      const parameters = [...fromQuery(query, known), ...(body === undefined ? [] : fromBody(body, known))]
      for (const { name, min, max } of known) {
        const count = parameters.filter((parameter) => parameter.name === name).length
        if (count < min) throw new Failure('invalid', 'operation-parameter-missing', { parameter: name })
        if (max === 1 && count > 1)
          throw new Failure('invalid', 'operation-parameter-repeated', { parameter: name })
      }
      return inputOf(parameters)
    },
  }
}

/** True for what a query string can carry: a primitive. https://hl7.org/fhir/R4/operations.html#request */
export function fitsInQuery({ type }: ParameterDefinition): boolean {
  return Object.hasOwn(PRIMITIVES, type)
}

const JSON_VALUED: ReadonlySet<string> = new Set([
  'boolean',
  'integer',
  'decimal',
  'positiveInt',
  'unsignedInt',
])

/** Text of a query as the JSON value of the type; what isn't one stays text and is refused by its type. */
function valueOf(text: string, type: string): ExactJson<Json> {
  const same = { value: text, exact: text }
  if (!JSON_VALUED.has(type)) return same
  if (!/^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)) return same
  const { value, exact } = parseExactObject(`{"is":${text}}`)
  return { value: value['is']!, exact: exact['is']! }
}

function itemsOf({ value, exact }: ExactJson, name: 'parameter' | 'part'): ExactJson<Json>[] {
  const items = value[name] ?? []
  if (!Array.isArray(items)) throw new Failure('invalid', 'operation-parameter-form')
  return items.map((item, i) => ({ value: item, exact: (exact[name] as Json[])[i]! }))
}

function unknown(name: string, expression: readonly string[]): Failure {
  // The client's own text: only what looks like a name goes into an error.
  const parameter = /^[\w.:-]{1,40}$/.test(name) ? name : '?'
  return new Failure('invalid', 'parameter-unknown', { parameter }, { expression })
}
