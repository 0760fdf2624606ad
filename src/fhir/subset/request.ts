/** `_summary` and `_elements`: what of a resource a client wants. https://hl7.org/fhir/R4/search.html#summary, #elements */
import { Failure } from '../../kernel/failure.ts'
import type { Definitions, Property, TypeDefinition } from '../definitions/index.ts'

export type Subset = { readonly summary: Summary } | { readonly elements: readonly ElementPath[] }

/** `count`: no resource at all. */
type Summary = 'true' | 'text' | 'data' | 'count'

export interface ElementPath {
  /** undefined: of every resource that the request asks for. */
  readonly type: string | undefined
  /** Names of elements, as in the definition or as in JSON: `value`, `valueQuantity`. */
  readonly steps: readonly string[]
}

/** The query parameters that this is about. */
export const SUBSET_PARAMETERS = ['_summary', '_elements'] as const

/**
 * @param types resource types that are asked for: an element without a type must be one of theirs
 * @returns undefined for whole resources
 * @throws Failure `invalid`/`summary-unknown`, `elements-unknown`, `elements-and-summary`, `summary-text-include`
 */
export function parseSubset(
  query: URLSearchParams,
  definitions: Definitions,
  types: readonly string[],
): Subset | undefined {
  const summaries = [...new Set(query.getAll('_summary'))]
  const elements = query.getAll('_elements')
  if (summaries.length > 0 && elements.length > 0) throw fault('elements-and-summary', '_elements')
  if (elements.length > 0) {
    const paths = elements.flatMap((list) => list.split(','))
    return { elements: paths.map((path) => parsePath(path.trim(), definitions, types)) }
  }
  const [summary, second] = summaries
  if (summary === undefined || (summary === 'false' && second === undefined)) return undefined
  if (!isSummary(summary) || second !== undefined) throw fault('summary-unknown', '_summary')
  if (summary === 'text' && [...query.keys()].some((name) => INCLUDE.test(name)))
    throw fault('summary-text-include', '_summary')
  return { summary }
}

const INCLUDE = /^_(?:rev)?include(?::|$)/

function isSummary(value: string): value is Summary {
  return value === 'true' || value === 'text' || value === 'data' || value === 'count'
}

function parsePath(path: string, definitions: Definitions, types: readonly string[]): ElementPath {
  const names = path.replace(/\[x\]$/, '').split('.')
  const type = definitions.isResourceType(names[0]!) ? names[0]! : undefined
  const steps = type === undefined ? names : names.slice(1)
  const owners = type === undefined ? types : [type]
  const isKnown = steps.length > 0 && owners.some((owner) => has(definitions, owner, steps))
  if (!isKnown) throw fault('elements-unknown', '_elements')
  return { type, steps }
}

function has(definitions: Definitions, owner: string, [step, ...rest]: readonly string[]): boolean {
  const type = definitions.type(owner)
  const found = type === undefined ? [] : propertiesNamed(type, step!)
  return found.some(({ type: of }) => rest.length === 0 || has(definitions, of, rest))
}

/** The property of this name, or all branches of the choice. */
function propertiesNamed(type: TypeDefinition, name: string): Property[] {
  const property = type.properties.get(name)
  return property ? [property] : [...type.properties.values()].filter(({ element }) => element === name)
}

function fault(code: string, parameter: string): Failure {
  return new Failure('invalid', code, { parameter }, { expression: [parameter] })
}
