/**
 * Invariants written by hand: where FHIRPath can't say it (XHTML), where its answer is "unknown" for data that breaks no
 * rule (an interval whose ends have another precision or unit), and where the expression walks the whole resource again
 * for each of its parts, which a large resource would make expensive.
 */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { compare } from '../path/index.ts'
import type { ValidationContext } from './context.ts'
import { isSafeNarrative } from './narrative.ts'
import { referencedType } from './references.ts'

export type Test = (value: Json, context: ValidationContext) => boolean

export const BY_HAND: Readonly<Record<string, Test>> = {
  // By the type that the reference says: what it points to may be elsewhere.
  'ctm-1': onObject(({ onBehalfOf, member }, context) => {
    const type = onBehalfOf === undefined ? undefined : referencedType(member, context)
    return type === undefined || type === 'Practitioner'
  }),
  'dom-3': onObject((resource) => !resource.contained || containedAreReferenced(resource)),
  'ext-1': onObject((extension) => 'extension' in extension !== hasValue(extension)),
  'ig-1': onObject(({ resource, grouping }) => {
    const known = textsOf(grouping, 'id')
    return [...textsOf(resource, 'groupingId')].every((id) => known.has(id))
  }),
  'ig-2': onObject(({ definition, fhirVersion }) => {
    const known = new Set(arrayOf(fhirVersion))
    const resources = isObject(definition) ? arrayOf(definition.resource) : []
    return resources.every(
      (each) => !isObject(each) || arrayOf(each.fhirVersion).every((version) => known.has(version)),
    )
  }),
  'obs-7': onObject((observation) => !hasValue(observation) || !repeatsItsCode(observation)),
  'per-1': onObject(({ start, end }) => notAfter(start, end)),
  // The Reference check does it, with the target's type.
  'ref-1': () => true,
  'rng-2': onObject(({ low, high }) => notAfter(low, high)),
  'sdf-8': onElements((paths, { kind, type }) => {
    return (
      (kind === 'logical' || paths[0] === type) &&
      paths.slice(1).every((path) => path.startsWith(`${paths[0]}.`))
    )
  }),
  'sdf-8a': onElements((paths, { kind, type }) => {
    const root = `${paths[0]!.split('.')[0]}.`
    const starts = kind === 'logical' || (typeof type === 'string' && paths[0]!.startsWith(type))
    return starts && paths.slice(1).every((path) => path.startsWith(root))
  }),
  'txt-1': (div) => typeof div !== 'string' || isSafeNarrative(div),
  'txt-2': (div) => typeof div !== 'string' || /[^\s<>]/.test(div.replaceAll(/<(?!img\b)[^<>]*>/gi, '')),
}

/** What is no object is reported as such by the structure's own checks. */
function onObject(test: (value: JsonObject, context: ValidationContext) => boolean): Test {
  return (value, context) => !isObject(value) || test(value, context)
}

/** On a snapshot or differential: the paths of its elements, and the StructureDefinition that it is in. */
function onElements(test: (paths: readonly string[], definition: JsonObject) => boolean): Test {
  return (value, { resource }) => {
    const elements = isObject(value) ? arrayOf(value.element) : []
    const paths = elements.map((element) => (isObject(element) ? element.path : undefined))
    if (paths.length === 0 || !paths.every((path) => typeof path === 'string')) return true
    return test(paths, resource)
  }
}

function hasValue(element: JsonObject): boolean {
  for (const name in element) if (name.startsWith('value') || name.startsWith('_value')) return true
  return false
}

function notAfter(first: Json | undefined, last: Json | undefined): boolean {
  const sign = compare(first, last)
  return sign === undefined || sign <= 0
}

/** dom-3: each contained resource is referred to, or refers to what contains it. */
function containedAreReferenced(resource: JsonObject): boolean {
  const referenced = new Set<string>()
  collectLocalReferences(resource, referenced)
  return arrayOf(resource.contained)
    .filter(isObject)
    .every((contained) => {
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

/** obs-7: a component has a coding that is equal to one of the Observation's own. */
function repeatsItsCode({ code, component }: JsonObject): boolean {
  const own = new Set(codingsOf(code).map(codingKey))
  return arrayOf(component).some(
    (each) => isObject(each) && codingsOf(each.code).some((coding) => own.has(codingKey(coding))),
  )
}

function codingsOf(concept: Json | undefined): JsonObject[] {
  return isObject(concept) ? arrayOf(concept.coding).filter(isObject) : []
}

function codingKey(coding: JsonObject): string {
  return JSON.stringify(Object.entries(coding).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function textsOf(objects: Json | undefined, name: string): Set<string> {
  const texts = arrayOf(objects).map((each) => (isObject(each) ? each[name] : undefined))
  return new Set(texts.filter((text) => typeof text === 'string'))
}

function arrayOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
