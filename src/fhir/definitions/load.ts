/** FHIR R4's definitions in memory, with each type's JSON properties worked out. https://hl7.org/fhir/R4/json.html */
import { readFileSync } from 'node:fs'
import type {
  DefinitionsFile,
  ElementEntry,
  Invariant,
  SearchParameterEntry,
  TypeEntry,
  TypeKind,
} from './model.ts'

/** One JSON property of a type: `status`, or `valueQuantity` for one branch of a choice. */
export interface Property {
  /** As in JSON: `valueQuantity`. */
  readonly name: string
  /** As in the definition, without `[x]`: `value`. */
  readonly element: string
  /** The one type it has here; a path for backbone elements. */
  readonly type: string
  readonly primitive: boolean
  readonly many: boolean
  /** Resource types that a Reference or canonical may point to; undefined: any. */
  readonly targets: readonly string[] | undefined
  readonly entry: ElementEntry
}

export interface TypeDefinition {
  readonly path: string
  readonly kind: TypeKind
  readonly base: string | undefined
  readonly abstract: boolean
  readonly properties: ReadonlyMap<string, Property>
  readonly elements: ReadonlyMap<string, ElementEntry>
  /** Its own and those of its bases. */
  readonly invariants: readonly Invariant[]
}

/** The codes that a required binding allows, by system. */
export interface CodeSet {
  readonly url: string
  readonly systems: ReadonlyMap<string, ReadonlySet<string>>
  /** Of all systems together: what a `code` element may hold. */
  readonly codes: ReadonlySet<string>
}

export interface Definitions {
  readonly version: string
  /** Every resource type that can be stored, in alphabetical order. */
  readonly resourceTypes: readonly string[]
  isResourceType(name: string): boolean
  /** `Patient`, `Patient.contact`, `HumanName`, `string`; undefined when R4 has no such type. */
  type(path: string): TypeDefinition | undefined
  /** True when the type is `ancestor` or comes from it: Age is a Quantity, Patient is a DomainResource. */
  isA(type: string, ancestor: string): boolean
  /** undefined when its codes can't be listed. */
  codeSet(valueSet: string): CodeSet | undefined
  readonly searchParameters: readonly SearchParameterEntry[]
  /** Compartment → resource type → codes of the parameters that put a resource in it. */
  readonly compartments: DefinitionsFile['compartments']
}

/** Reads R4's definitions: about 20 ms, once at start. */
export function loadDefinitions(): Definitions {
  return makeDefinitions(parseFile(readFileSync(new URL('r4.ndjson', import.meta.url), 'utf8')))
}

/** Each line is [section, name, entry]. */
function parseFile(text: string): DefinitionsFile {
  const sections: Record<string, Record<string, unknown>> = {}
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [section, name, entry] = JSON.parse(line) as [string, string, unknown]
    const entries = (sections[section] ??= {})
    entries[name] = entry
  }
  return { ...sections, version: sections['version']!['']! } as unknown as DefinitionsFile
}

function makeDefinitions(file: DefinitionsFile): Definitions {
  const types = new Map<string, TypeDefinition>()
  const codeSets = new Map(Object.keys(file.valueSets).map((url) => [url, codeSetOf(file, url)]))
  const concrete = Object.entries(file.types)
    .filter(([, { kind, abstract }]) => kind === 'resource' && !abstract)
    .map(([name]) => name)
    .toSorted()
  const resourceNames = new Set(concrete)

  function type(path: string): TypeDefinition | undefined {
    const known = types.get(path)
    if (known) return known
    const entry = Object.hasOwn(file.types, path) ? file.types[path] : undefined
    if (!entry) return undefined
    const definition = typeDefinitionOf(file, path, entry)
    types.set(path, definition)
    return definition
  }

  return {
    version: file.version,
    resourceTypes: concrete,
    isResourceType: (name) => resourceNames.has(name),
    type,
    isA(name, ancestor) {
      for (let at: string | undefined = name; at; at = file.types[at]?.base) if (at === ancestor) return true
      return false
    },
    codeSet: (valueSet) => codeSets.get(valueSet),
    searchParameters: Object.values(file.searchParameters),
    compartments: file.compartments,
  }
}

function typeDefinitionOf(file: DefinitionsFile, path: string, entry: TypeEntry): TypeDefinition {
  const elements = new Map(Object.entries(entry.elements ?? {}))
  const properties = new Map<string, Property>()
  for (const [name, element] of elements) {
    for (const property of propertiesOf(file, name, element)) properties.set(property.name, property)
  }
  return {
    path,
    kind: entry.kind,
    base: entry.base,
    abstract: entry.abstract ?? false,
    properties,
    elements,
    invariants: [...inheritedInvariants(file, entry.base), ...(entry.invariants ?? [])],
  }
}

function inheritedInvariants(file: DefinitionsFile, base: string | undefined): Invariant[] {
  const found: Invariant[] = []
  for (let at = base; at; at = file.types[at]?.base) found.unshift(...(file.types[at]?.invariants ?? []))
  return found
}

function propertiesOf(file: DefinitionsFile, name: string, entry: ElementEntry): Property[] {
  const shared = { element: name, many: entry.max !== undefined && entry.max !== 1, entry }
  if (entry.contentReference) {
    return [{ ...shared, name, type: entry.contentReference, primitive: false, targets: undefined }]
  }
  return (entry.types ?? []).map(({ code, targets }) => ({
    ...shared,
    name: entry.choice ? name + code[0]!.toUpperCase() + code.slice(1) : name,
    type: code,
    primitive: file.types[code]?.kind === 'primitive',
    targets,
  }))
}

function codeSetOf(file: DefinitionsFile, url: string): CodeSet {
  const systems = new Map(
    Object.entries(file.valueSets[url]!).map(([system, codes]) => [system, new Set(codes)]),
  )
  return { url, systems, codes: new Set([...systems.values()].flatMap((codes) => [...codes])) }
}
