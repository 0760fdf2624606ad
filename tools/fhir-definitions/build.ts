/** The definitions package and its corrections, as the file that Passerelle loads. */
import type {
  CompartmentDefinition,
  ElementDefinition,
  ElementDefinitionConstraint,
  ElementDefinitionType,
  SearchParameter,
  StructureDefinition,
} from '@medplum/fhirtypes'
import type {
  DefinitionsFile,
  ElementEntry,
  ElementType,
  Invariant,
  SearchParameterEntry,
  TypeEntry,
} from '../../src/fhir/definitions/model.ts'
import {
  AS_IN_R4,
  INVARIANTS_NOT_IN_R4,
  NOT_IN_R4,
  ORDER_IN_R4,
  PARAMETERS_NOT_IN_R4,
  PARAMETER_TARGETS_IN_R4,
} from './corrections.ts'
import { resourcesOf } from './package.ts'
import { makeExpander } from './value-sets.ts'

export function buildDefinitions(): DefinitionsFile {
  const published = ['profiles-types', 'profiles-resources']
    .flatMap((file) => resourcesOf<StructureDefinition>(file, 'StructureDefinition'))
    .filter((structure) => structure.fhirVersion === '4.0.1' && structure.kind !== 'logical')
  const structures = published.filter((structure) => structure.derivation !== 'constraint')
  const types: Record<string, TypeEntry> = {}
  for (const structure of structures) Object.assign(types, typesOf(structure))
  addProfiled(types, structures, published)
  dropInherited(types)
  return {
    version: '4.0.1',
    types,
    valueSets: requiredValueSets(types),
    searchParameters: searchParameters(),
    compartments: compartments(),
  }
}

type Draft = { -readonly [K in keyof TypeEntry]: TypeEntry[K] } & { elements: Record<string, ElementEntry> }

/** A structure as its own type and one type for each backbone element in it. */
function typesOf(structure: StructureDefinition): Record<string, TypeEntry> {
  const root = structure.type
  const types: Record<string, Draft> = {}
  const elements = structure.snapshot!.element.filter(({ path }) => !isLeftOut(path))
  for (const element of elements) {
    if (element.path === root) {
      types[root] = {
        kind: kindOf(structure),
        ...(structure.baseDefinition && { base: lastPart(structure.baseDefinition) }),
        ...(structure.abstract && { abstract: true as const }),
        ...some('invariants', invariantsOf(element)),
        elements: {},
      }
      continue
    }
    const cut = element.path.lastIndexOf('.')
    const owner = element.path.slice(0, cut)
    const name = element.path.slice(cut + 1).replace('[x]', '')
    const path = `${owner}.${name}`
    if (isBackbone(element)) types[path] = { kind: 'backbone', base: element.type![0]!.code, elements: {} }
    types[owner]!.elements[name] = elementOf(element, path)
  }
  addMissing(types)
  reorder(types)
  // The definitions call it a string, the specification an id. https://hl7.org/fhir/R4/resource.html#id
  if (structure.kind === 'resource')
    types[root]!.elements['id'] = { ...types[root]!.elements['id'], types: [{ code: 'id' }] }
  if (types[root]!.kind === 'primitive') types[root]!.elements = {}
  return types
}

/** What R4's own profiles of data types ask: a SimpleQuantity is a Quantity without a comparator (sqty-1). */
function addProfiled(
  types: Record<string, TypeEntry>,
  structures: readonly StructureDefinition[],
  published: readonly StructureDefinition[],
): void {
  const asked = new Map(
    published
      .filter(({ derivation, kind }) => derivation === 'constraint' && kind === 'complex-type')
      .map(({ url, differential }) => [url, differential!.element.flatMap(invariantsOf)]),
  )
  for (const { path, type = [] } of structures.flatMap(({ snapshot }) => snapshot!.element)) {
    const invariants = type.flatMap(({ profile = [] }) => profile.flatMap((url) => asked.get(url) ?? []))
    const cut = path.lastIndexOf('.')
    const element = types[path.slice(0, cut)]?.elements?.[path.slice(cut + 1).replace('[x]', '')]
    if (!element || invariants.length === 0) continue
    const own = (element.invariants ?? []).filter(({ key }) => !invariants.some((each) => each.key === key))
    Object.assign(element, { invariants: [...own, ...invariants] })
  }
}

function isLeftOut(path: string): boolean {
  const plain = path.replaceAll('[x]', '')
  return NOT_IN_R4.some((left) => plain === left || plain.startsWith(`${left}.`))
}

function addMissing(types: Record<string, Draft>): void {
  for (const [path, entry] of Object.entries(AS_IN_R4)) {
    const cut = path.lastIndexOf('.')
    const owner = types[path.slice(0, cut)]
    if (!owner) continue
    const name = path.slice(cut + 1)
    owner.elements[name] = { ...owner.elements[name], ...entry }
  }
}

function reorder(types: Record<string, Draft>): void {
  for (const [path, names] of Object.entries(ORDER_IN_R4)) {
    const type = types[path]
    if (type) type.elements = Object.fromEntries(names.map((name) => [name, type.elements[name]!]))
  }
}

function kindOf(structure: StructureDefinition): TypeEntry['kind'] {
  if (structure.kind === 'resource') return 'resource'
  return structure.kind === 'primitive-type' ? 'primitive' : 'complex'
}

function isBackbone(element: ElementDefinition): boolean {
  const code = element.type?.[0]?.code
  return code === 'BackboneElement' || code === 'Element'
}

function elementOf(element: ElementDefinition, path: string): ElementEntry {
  const choice = element.path.endsWith('[x]')
  return {
    ...(element.min ? { min: element.min } : {}),
    ...(element.max === '1' ? {} : { max: element.max === '*' ? ('*' as const) : Number(element.max) }),
    ...(choice && { choice: true as const }),
    ...(element.contentReference && { contentReference: element.contentReference.slice(1) }),
    ...(element.type && { types: isBackbone(element) ? [{ code: path }] : element.type.map(typeOf) }),
    ...(element.binding?.strength === 'required' && element.binding.valueSet
      ? { required: element.binding.valueSet.split('|')[0]! }
      : {}),
    ...(element.isSummary && { summary: true as const }),
    ...(element.isModifier && { modifier: true as const }),
    ...some('invariants', invariantsOf(element)),
  }
}

const HL7 = 'http://hl7.org/fhir/StructureDefinition/'
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

function typeOf(type: ElementDefinitionType): ElementType {
  const named = type.extension?.find(({ url }) => url === FHIR_TYPE)?.valueUrl
  const targets = type.targetProfile
    ?.filter((url) => url.startsWith(HL7))
    .map(lastPart)
    .filter((target) => target !== 'Resource')
  return { code: named ?? type.code!, ...(targets?.length ? { targets } : {}) }
}

const BEST_PRACTICE = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice'

/** `ele-1` follows from our rule that nothing is empty; its sentence on every element is left out. */
function invariantsOf(element: ElementDefinition): Invariant[] {
  return (element.constraint ?? [])
    .filter(({ key, expression }) => key !== 'ele-1' && expression && !INVARIANTS_NOT_IN_R4.has(key!))
    .map((constraint) => ({
      key: constraint.key!,
      severity: constraint.severity as 'error' | 'warning',
      human: constraint.human!,
      expression: constraint.expression!,
      ...(isAdvice(constraint) && { advice: true as const }),
    }))
}

function isAdvice(constraint: ElementDefinitionConstraint): boolean {
  return constraint.extension?.some(({ url, valueBoolean }) => url === BEST_PRACTICE && valueBoolean) ?? false
}

/** A snapshot repeats at an element what its type says of itself, and at a type what its base says. */
function dropInherited(types: Record<string, TypeEntry>): void {
  const keysOf = (type: string | undefined): ReadonlySet<string> => {
    const keys = new Set<string>()
    for (let at = type; at; at = types[at]?.base)
      for (const { key } of types[at]?.invariants ?? []) keys.add(key)
    return keys
  }
  for (const [name, { invariants, elements, ...type }] of Object.entries(types)) {
    const kept: Record<string, ElementEntry> = {}
    for (const [child, { invariants: ofElement, ...element }] of Object.entries(elements ?? {})) {
      const inherited = new Set(element.types?.flatMap(({ code }) => [...keysOf(code)]))
      kept[child] = { ...element, ...notIn(ofElement, inherited) }
    }
    types[name] = { ...type, ...notIn(invariants, keysOf(type.base)), elements: kept }
  }
}

function notIn(
  invariants: readonly Invariant[] | undefined,
  inherited: ReadonlySet<string>,
): Pick<TypeEntry, 'invariants'> {
  return some('invariants', invariants?.filter(({ key }) => !inherited.has(key)) ?? [])
}

function requiredValueSets(types: Record<string, TypeEntry>): DefinitionsFile['valueSets'] {
  const expand = makeExpander()
  const sets: Record<string, Record<string, readonly string[]>> = {}
  for (const { elements } of Object.values(types)) {
    for (const { required } of Object.values(elements ?? {})) {
      if (!required || sets[required]) continue
      const expansion = expand(required)
      if (expansion) sets[required] = expansion
    }
  }
  return sets
}

function searchParameters(): DefinitionsFile['searchParameters'] {
  const parameters = resourcesOf<SearchParameter>('search-parameters', 'SearchParameter')
    .filter(({ url }) => !PARAMETERS_NOT_IN_R4.has(url!))
    .map((parameter): SearchParameterEntry => ({
      url: parameter.url!,
      code: parameter.code!,
      type: parameter.type as SearchParameterEntry['type'],
      base: parameter.base! as readonly string[],
      ...(parameter.expression && { expression: parameter.expression }),
      ...some('targets', PARAMETER_TARGETS_IN_R4[parameter.url!] ?? parameter.target ?? []),
      ...some(
        'components',
        (parameter.component ?? []).map(({ definition, expression }) => ({
          definition: definition!,
          expression: expression!,
        })),
      ),
    }))
  return Object.fromEntries(parameters.map((parameter) => [parameter.url, parameter]))
}

function compartments(): DefinitionsFile['compartments'] {
  const found = resourcesOf<CompartmentDefinition>('profiles-resources', 'CompartmentDefinition')
  return Object.fromEntries(
    found.map(({ code, resource }) => [
      code!,
      Object.fromEntries(
        resource!.filter(({ param }) => param?.length).map(({ code: type, param }) => [type!, param!]),
      ),
    ]),
  )
}

function some<K extends string, T>(key: K, values: readonly T[]): Partial<Record<K, readonly T[]>> {
  return values.length === 0 ? {} : ({ [key]: values } as Record<K, readonly T[]>)
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
