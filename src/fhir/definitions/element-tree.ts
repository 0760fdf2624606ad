/** Element paths against R4: what mapping tables are checked with when they are compiled. */
import type { CodeSet, Definitions, Property, TypeDefinition } from './load.ts'

interface ElementNode {
  /** Without indexes and with the JSON name of a choice: `Observation.valueQuantity.value`. */
  readonly path: string
  /** FHIR types it can have: one, or the branches of a choice that the path left open. A path for backbone elements. */
  readonly types: readonly string[]
  readonly min: number
  /** Infinity for `*`. */
  readonly max: number
  /** The path names a choice without its type: `Observation.value`. */
  readonly choice: boolean
  /** Resource types that a Reference may point to; undefined: any, or not a reference. */
  readonly targets: readonly string[] | undefined
  /** Codes of the required binding where they can be listed. */
  readonly codes: CodeSet | undefined
}

export interface ElementTree {
  /**
   * The element at a path that starts with a type: `Patient.name.given`, `Observation.valueQuantity`, `Observation.value[x]`,
   * `Patient.name[0].given`, `Patient.birthDate.extension`, `CodeableConcept.coding`. undefined: R4 has no such element.
   */
  elementOf(path: string): ElementNode | undefined
  /** What a type or backbone element is not allowed without: for each such element its names, one for each type of a choice. */
  mandatoryIn(path: string): readonly (readonly string[])[]
}

export function makeElementTree(definitions: Definitions): ElementTree {
  const element = definitions.type('Element')!

  function elementOf(path: string): ElementNode | undefined {
    const [root, ...steps] = path.replaceAll(/\[(?:\d+|x)\]/g, '').split('.')
    let type = definitions.type(root!)
    let node: ElementNode | undefined = type && rootNode(type)
    for (const step of steps) {
      const found = type && stepFrom(type, step)
      if (!found) return undefined
      node = { ...found, path: `${node!.path}.${found.path}` }
      type = found.types.length === 1 ? definitions.type(found.types[0]!) : undefined
    }
    return node
  }

  function stepFrom(type: TypeDefinition, step: string): ElementNode | undefined {
    const at = type.kind === 'primitive' ? element : type
    const property = at.properties.get(step)
    if (property) return nodeOf(property.name, [property])
    const branches = [...at.properties.values()].filter((each) => each.element === step)
    return branches.length === 0 ? undefined : nodeOf(step, branches)
  }

  function nodeOf(name: string, branches: readonly Property[]): ElementNode {
    const { entry } = branches[0]!
    return {
      path: name,
      types: branches.map(({ type }) => type),
      min: entry.min ?? 0,
      max: entry.max === '*' ? Number.POSITIVE_INFINITY : (entry.max ?? 1),
      choice: branches.length > 1,
      targets: branches.length === 1 ? branches[0]!.targets : undefined,
      codes: entry.required ? definitions.codeSet(entry.required) : undefined,
    }
  }

  function mandatoryIn(path: string): string[][] {
    const names = new Map<string, string[]>()
    for (const { name, element, entry } of definitions.type(path)?.properties.values() ?? []) {
      if ((entry.min ?? 0) > 0) names.set(element, [...(names.get(element) ?? []), name])
    }
    return [...names.values()]
  }

  return { elementOf, mandatoryIn }
}

function rootNode(type: TypeDefinition): ElementNode {
  return {
    path: type.path,
    types: [type.path],
    min: 1,
    max: 1,
    choice: false,
    targets: undefined,
    codes: undefined,
  }
}
