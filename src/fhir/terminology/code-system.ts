/** A code system as its concepts and who is above whom. https://hl7.org/fhir/R4/codesystem.html */
import type { CodeSystem as CodeSystemResource, CodeSystemConcept } from '@medplum/fhirtypes'
import type { Coding } from './coding.ts'

export interface Concept {
  readonly code: string
  readonly display: string | undefined
  readonly definition: string | undefined
  readonly properties: readonly ConceptProperty[]
}

interface ConceptProperty {
  readonly code: string
  /** As text: a code, a Coding's code, `true`, a number, a date. */
  readonly value: string
}

export interface CodeSystem {
  readonly url: string
  /** What is not here is no code of the system. False for fragments and examples. */
  readonly complete: boolean
  /** How many concepts are here. */
  readonly size: number
  concept(code: string): Concept | undefined
  concepts(): Iterable<Concept>
  /** Codes right above and right below in the is-a hierarchy. */
  parents(code: string): readonly string[]
  children(code: string): readonly string[]
  /** True when the system has, or declares, the property. */
  hasProperty(property: string): boolean
}

/** As much of the resource as there is here. */
export type CodeSystemContent = Pick<
  CodeSystemResource,
  'content' | 'caseSensitive' | 'hierarchyMeaning' | 'property' | 'concept'
>

/** undefined when the resource only names the system: its codes are elsewhere, or it supplements another. */
export function makeCodeSystem(url: string, content: CodeSystemContent): CodeSystem | undefined {
  const isNamedOnly = !content.concept?.length && content.content !== 'complete'
  if (isNamedOnly || content.content === 'supplement') return undefined
  const keyOf =
    content.caseSensitive === false ? (code: string) => code.toLowerCase() : (code: string) => code
  const concepts = new Map<string, Concept>()
  const hierarchy = makeHierarchy(keyOf)
  const named = new Set(content.property?.map(({ code }) => code!))
  for (const { concept, parent } of eachConcept(content.concept ?? [])) {
    const { code, display, definition } = concept
    const properties = propertiesOf(concept)
    concepts.set(keyOf(code!), { code: code!, display, definition, properties })
    if (parent !== undefined && nestingIsA(content)) hierarchy.add(parent, code!)
    for (const property of properties) {
      named.add(property.code)
      place(hierarchy, content, code!, property)
    }
  }
  const codesOf = (keys: Iterable<string> = []) => [...keys].flatMap((key) => concepts.get(key)?.code ?? [])
  return {
    url,
    complete: content.content === 'complete',
    size: concepts.size,
    concept: (code) => concepts.get(keyOf(code)),
    concepts: () => concepts.values(),
    parents: (code) => codesOf(hierarchy.above.get(keyOf(code))),
    children: (code) => codesOf(hierarchy.below.get(keyOf(code))),
    hasProperty: (property) => named.has(property),
  }
}

/**
 * The code and all below it, or above it; itself first. A code that the system does not have is alone: what a system
 * says nothing about is equal to itself.
 */
export function descendants(system: CodeSystem, code: string): string[] {
  return reach(system.concept(code)?.code ?? code, system.children)
}

export function ancestors(system: CodeSystem, code: string): string[] {
  return reach(system.concept(code)?.code ?? code, system.parents)
}

/** Codes become Codings of the system. */
export function codingsOf({ url }: CodeSystem, codes: Iterable<string>): Coding[] {
  return Array.from(codes, (code) => ({ system: url, code }))
}

function reach(start: string, next: (code: string) => readonly string[]): string[] {
  const found = new Set([start])
  for (const code of found) for (const other of next(code)) found.add(other)
  return [...found]
}

interface Nested {
  readonly concept: CodeSystemConcept
  readonly parent: string | undefined
}

function* eachConcept(concepts: readonly CodeSystemConcept[], parent?: string): Generator<Nested> {
  for (const concept of concepts) {
    yield { concept, parent }
    if (concept.concept) yield* eachConcept(concept.concept, concept.code)
  }
}

function propertiesOf({ property = [] }: CodeSystemConcept): ConceptProperty[] {
  return property.flatMap((each) => {
    const value =
      each.valueCode ??
      each.valueString ??
      each.valueBoolean ??
      each.valueInteger ??
      each.valueDecimal ??
      each.valueDateTime ??
      each.valueCoding?.code
    return value === undefined ? [] : [{ code: each.code!, value: String(value) }]
  })
}

/** Where nothing is said, nesting is taken for is-a, as everybody who publishes code systems does. */
function nestingIsA({ hierarchyMeaning }: CodeSystemContent): boolean {
  return hierarchyMeaning === undefined || hierarchyMeaning === 'is-a'
}

const CONCEPT_PROPERTIES = 'http://hl7.org/fhir/concept-properties#'

/** https://hl7.org/fhir/R4/codesystem-concept-properties.html; `subsumedBy` is what HL7 v3's systems say for `parent`. */
function place(
  hierarchy: Hierarchy,
  content: CodeSystemContent,
  code: string,
  { code: name, value }: ConceptProperty,
): void {
  const uri = content.property?.find((property) => property.code === name)?.uri
  const meaning = uri?.startsWith(CONCEPT_PROPERTIES) ? uri.slice(CONCEPT_PROPERTIES.length) : name
  if (meaning === 'subsumedBy') hierarchy.add(value, code)
  else if (meaning === 'parent' && nestingIsA(content)) hierarchy.add(value, code)
  else if (meaning === 'child' && nestingIsA(content)) hierarchy.add(code, value)
}

/** Keys of codes → keys of those right above and right below. */
interface Hierarchy {
  readonly above: ReadonlyMap<string, ReadonlySet<string>>
  readonly below: ReadonlyMap<string, ReadonlySet<string>>
  add(parent: string, child: string): void
}

function makeHierarchy(keyOf: (code: string) => string): Hierarchy {
  const above = new Map<string, Set<string>>()
  const below = new Map<string, Set<string>>()
  const put = (map: Map<string, Set<string>>, key: string, value: string) => {
    const values = map.get(key)
    if (values === undefined) map.set(key, new Set([value]))
    else values.add(value)
  }
  return {
    above,
    below,
    add(parent, child) {
      put(above, keyOf(child), keyOf(parent))
      put(below, keyOf(parent), keyOf(child))
    },
  }
}
