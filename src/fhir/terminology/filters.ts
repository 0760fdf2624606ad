/**
 * The concepts of a code system that pass the filters of a value set: all of them must hold.
 * https://hl7.org/fhir/R4/valueset-filter-operator.html
 */
import type { ValueSetComposeIncludeFilter } from '@medplum/fhirtypes'
import { Failure } from '../../kernel/failure.ts'
import type { Budget } from './budget.ts'
import { ancestors, type CodeSystem, type Concept, descendants } from './code-system.ts'
import { matchLists } from './regex.ts'

type Filter = ValueSetComposeIncludeFilter

/**
 * @returns codes
 * @throws Failure `unsupported`/`value-set-filter`, `unsupported`/`value-set-filter-property`, `not-found`/`code-unknown`,
 * `invalid`/`value-set-regex`, `unsupported`/`value-set-too-costly`
 */
export function selectCodes(
  system: CodeSystem,
  filters: readonly Filter[],
  budget: Budget,
): ReadonlySet<string> {
  // What names a branch comes first, so that the others look at the branch and not at the whole system.
  const branch = filters.find(({ op }) => op === 'is-a' || op === 'descendent-of' || op === 'generalizes')
  let concepts = branch ? related(system, branch) : [...system.concepts()]
  for (const filter of filters) {
    budget.concepts(concepts.length)
    if (filter !== branch) concepts = passing(system, concepts, filter, budget)
  }
  return new Set(concepts.map(({ code }) => code))
}

function passing(
  system: CodeSystem,
  concepts: readonly Concept[],
  filter: Filter,
  budget: Budget,
): Concept[] {
  const { property, op, value } = filter
  if (op === 'is-a' || op === 'descendent-of' || op === 'generalizes' || op === 'is-not-a') {
    const others = new Set(related(system, filter))
    return concepts.filter((concept) => others.has(concept) === (op !== 'is-not-a'))
  }
  refuseUnknown(system, property)
  const values = (concept: Concept) => valuesOf(system, concept, property)
  switch (op) {
    case '=':
      return concepts.filter((concept) => values(concept).includes(value))
    case 'in':
    case 'not-in': {
      const listed = new Set(value.split(',').map((item) => item.trim()))
      return concepts.filter((concept) => values(concept).some((one) => listed.has(one)) === (op === 'in'))
    }
    case 'exists':
      return concepts.filter((concept) => values(concept).length > 0 === (value === 'true'))
    case 'regex': {
      const matches = budget.regex((timeoutMs) => matchLists(value, concepts.map(values), timeoutMs))
      return concepts.filter((_concept, index) => matches[index])
    }
    default:
      throw unsupported(filter)
  }
}

/** Only the concepts themselves stand in a hierarchy; a property that holds codes of the system does not. */
function related(system: CodeSystem, filter: Filter): Concept[] {
  const { property, op, value } = filter
  if (property !== 'concept' && property !== 'code') throw unsupported(filter)
  const top = system.concept(value)
  // A slip of the pen must not turn into an empty set, least of all where everything else is meant.
  if (top === undefined) throw new Failure('not-found', 'code-unknown')
  const codes = op === 'generalizes' ? ancestors(system, value) : descendants(system, value)
  const concepts = codes.map((code) => system.concept(code)!)
  return op === 'descendent-of' ? concepts.filter((concept) => concept !== top) : concepts
}

function unsupported({ property, op }: Filter): Failure {
  return new Failure('unsupported', 'value-set-filter', { property: printableName(property), op })
}

function printableName(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : '?'
}

/** Properties that every code system has. https://hl7.org/fhir/R4/codesystem.html#properties */
const IMPLICIT: ReadonlySet<string> = new Set([
  'concept',
  'code',
  'display',
  'definition',
  'parent',
  'child',
  'inactive',
  'notSelectable',
])

function refuseUnknown(system: CodeSystem, property: string): void {
  if (IMPLICIT.has(property) || system.hasProperty(property)) return
  throw new Failure('unsupported', 'value-set-filter-property', { property: printableName(property) })
}

function valuesOf(system: CodeSystem, concept: Concept, property: string): readonly string[] {
  switch (property) {
    case 'concept':
    case 'code':
      return [concept.code]
    case 'display':
    case 'definition':
      return concept[property] === undefined ? [] : [concept[property]]
    case 'parent':
      return system.parents(concept.code)
    case 'child':
      return system.children(concept.code)
    default:
      return concept.properties.filter(({ code }) => code === property).map(({ value }) => value)
  }
}

/** https://hl7.org/fhir/R4/codesystem-concept-properties.html; `status` may say it as well as `inactive`. */
export function isInactive({ properties }: Concept): boolean {
  return properties.some(
    ({ code, value }) =>
      (code === 'inactive' && value === 'true') ||
      (code === 'status' && (value === 'retired' || value === 'inactive')),
  )
}
