/** R4's invariants as tests on plain JSON. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { evalFhirPathTyped, parseFhirPath, toTypedValue } from '@medplum/core'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Invariant } from '../definitions/index.ts'
import { compare, compilePath, Uncompilable } from '../path/index.ts'
import type { ValidationContext } from './context.ts'
import { isSafeNarrative } from './narrative.ts'

export type InvariantCheck = (value: Json, context: ValidationContext) => void

type Test = (value: Json, context: ValidationContext) => boolean

/**
 * Tests written by hand: where FHIRPath can't say it (XHTML), where its answer is "unknown" for data that breaks no rule
 * (an interval whose ends have another precision or unit), or where it would walk the whole resource again.
 */
const BY_HAND: Readonly<Record<string, Test>> = {
  'dom-3': (resource) => !isObject(resource) || !resource.contained || containedAreReferenced(resource),
  'ext-1': (extension) => !isObject(extension) || 'extension' in extension !== hasValue(extension),
  // The Reference check does it, with the target's type.
  'ref-1': () => true,
  'per-1': (period) => !isObject(period) || notAfter(period.start, period.end),
  'rng-2': (range) => !isObject(range) || notAfter(range.low, range.high),
  'txt-1': (div) => typeof div !== 'string' || isSafeNarrative(div),
  'txt-2': (div) => typeof div !== 'string' || /[^\s<>]/.test(div.replaceAll(/<(?!img\b)[^>]*>/gi, '')),
}

/** These need another resource: the reader of a reference, which a validator of one resource does not have. */
const NEEDS_OTHERS: ReadonlySet<string> = new Set(['ctm-1'])

export function makeInvariantChecks(
  definitions: Definitions,
  invariants: readonly Invariant[],
  types: readonly string[],
): InvariantCheck[] {
  return invariants
    .filter(({ key, severity }) => severity === 'error' && !NEEDS_OTHERS.has(key))
    .map((invariant) => {
      const test = BY_HAND[invariant.key] ?? compiled(definitions, invariant, types) ?? evaluated(invariant)
      const message = `${invariant.key}: ${invariant.human}`
      return (value, context) => void (test(value, context) || context.error('invariant', message))
    })
}

function compiled(
  definitions: Definitions,
  { expression }: Invariant,
  types: readonly string[],
): Test | undefined {
  try {
    const run = compilePath(definitions, expression, types)
    return (value, context) => run([value], context)[0] === true
  } catch (error) {
    if (error instanceof Uncompilable) return undefined
    throw error
  }
}

/**
 * The general evaluator, for the few expressions that the compiler doesn't take. It throws on values of a type that the
 * expression doesn't expect; the structure's own checks report those.
 */
function evaluated({ expression }: Invariant): Test {
  const parsed = parseFhirPath(expression)
  return (value, context) => {
    const focus = toTypedValue(value)
    const variables = {
      '%context': focus,
      '%resource': toTypedValue(context.resource),
      '%rootResource': toTypedValue(context.rootResource),
    }
    try {
      const result = evalFhirPathTyped(parsed, [focus], variables)
      return result.length === 1 && result[0]!.value === true
    } catch {
      return true
    }
  }
}

function hasValue(extension: JsonObject): boolean {
  for (const name in extension) if (name.startsWith('value') || name.startsWith('_value')) return true
  return false
}

function notAfter(first: Json | undefined, last: Json | undefined): boolean {
  const sign = compare(first, last)
  return sign === undefined || sign <= 0
}

/** dom-3: each contained resource is referred to, or refers to what contains it. */
function containedAreReferenced(resource: JsonObject): boolean {
  if (!Array.isArray(resource.contained)) return true
  const referenced = new Set<string>()
  collectLocalReferences(resource, referenced)
  return resource.contained.filter(isObject).every((contained) => {
    if (typeof contained.id === 'string' && referenced.has(`#${contained.id}`)) return true
    const own = new Set<string>()
    collectLocalReferences(contained, own)
    return own.has('#')
  })
}

/** Any text that starts with # may be a local reference: Reference.reference, or a canonical, uri or url. */
function collectLocalReferences(value: Json, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) into.add(value)
  } else if (Array.isArray(value)) {
    for (const item of value) collectLocalReferences(item, into)
  } else if (value !== null && typeof value === 'object') {
    for (const name in value) collectLocalReferences(value[name]!, into)
  }
}
