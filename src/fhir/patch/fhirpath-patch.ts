/** FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html */
import { asFailure, Failure } from '../../kernel/failure.ts'
import type { ExactJson, JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'
import {
  editInside,
  inside,
  isPrimitive,
  type Place,
  read,
  readList,
  replaceAt,
  type Step,
  write,
  writeList,
} from './element.ts'
import { locate } from './locate.ts'
import { fill, propertiesNamed, put } from './part-value.ts'
import type { FhirPathOperation, Value } from './parse-parameters.ts'

/**
 * The resource after all operations; the one given is left as it was.
 * @throws Failure `invalid`/`patch-…`, its expression names the operation
 */
export function applyFhirPathPatch(
  definitions: Definitions,
  resource: ExactJson,
  operations: readonly FhirPathOperation[],
): ExactJson {
  return operations.reduce((before, operation) => {
    try {
      return applyOne(definitions, before, operation)
    } catch (thrown) {
      const { kind, code, params, cause } = asFailure(thrown)
      throw new Failure(kind, code, params, { cause, expression: [operation.at] })
    }
  }, resource)
}

/** Of both trees the same: the places are looked up in the plain one. */
function applyOne(
  definitions: Definitions,
  { value, exact }: ExactJson,
  operation: FhirPathOperation,
): ExactJson {
  const edit = editOf(definitions, value, operation)
  const edited = edit(value, 'value')
  return { value: edited, exact: exact === value && isPlain(operation) ? edited : edit(exact, 'exact') }
}

function isPlain(operation: FhirPathOperation): boolean {
  return !('value' in operation) || operation.value.value === operation.value.exact
}

type Tree = 'value' | 'exact'
type Edit = (resource: JsonObject, tree: Tree) => JsonObject

function editOf(definitions: Definitions, resource: JsonObject, operation: FhirPathOperation): Edit {
  switch (operation.type) {
    case 'add':
      return add(definitions, resource, operation)
    case 'insert':
      return insert(definitions, resource, operation)
    case 'delete':
      return remove(resource, operation.path)
    case 'replace':
      return replace(definitions, resource, operation)
    case 'move':
      return move(resource, operation)
  }
}

interface Located {
  /** Of the object that the element stands in. */
  readonly owner: Place
  readonly step: Step
}

/** "The FHIRPath statement must return a single element" */
function onlyPlace(resource: JsonObject, path: string): Place {
  const place = placeIfAny(resource, path)
  if (place === undefined) throw new Failure('invalid', 'patch-path-missing')
  return place
}

function placeIfAny(resource: JsonObject, path: string): Place | undefined {
  const [place, second] = locate(resource, path)
  if (second !== undefined) throw new Failure('invalid', 'patch-path-several')
  return place
}

function splitOf(place: Place): Located {
  const step = place.at(-1)
  if (step === undefined) throw new Failure('invalid', 'patch-path-resource')
  return { owner: place.slice(0, -1), step }
}

function add(
  definitions: Definitions,
  resource: JsonObject,
  { path, name, value }: Extract<FhirPathOperation, { type: 'add' }>,
): Edit {
  const place = onlyPlace(resource, path)
  const type = typeAt(definitions, resource, place)
  return (root, tree) => editInside(root, place, (owner) => put(definitions, owner, type, name, value[tree]))
}

function replace(
  definitions: Definitions,
  resource: JsonObject,
  { path, value }: { readonly path: string; readonly value: Value },
): Edit {
  const { owner: place, step } = splitOf(onlyPlace(resource, path))
  const wanted = branchesAt(definitions, resource, place, step)
  return (root, tree) =>
    editInside(root, place, (owner) => {
      const { property, element } = fill(definitions, value[tree], wanted)
      if (property.name === step.name) return replaceAt(owner, step, element)
      return write(write(owner, step.name, {}), property.name, element)
    })
}

/** "if found": nothing there is nothing to delete. */
function remove(resource: JsonObject, path: string): Edit {
  const found = placeIfAny(resource, path)
  if (found === undefined) return (root) => root
  const { owner: place, step } = splitOf(found)
  return (root) => editInside(root, place, (owner) => replaceAt(owner, step, {}))
}

function insert(
  definitions: Definitions,
  resource: JsonObject,
  { path, index, value }: Extract<FhirPathOperation, { type: 'insert' }>,
): Edit {
  const { owner: place, step } = listAt(definitions, resource, path)
  const wanted = branchesAt(definitions, resource, place, step)
  return (root, tree) =>
    editInside(root, place, (owner) => {
      const list = readList(owner, step.name)
      refuseBeyond(index, list.length)
      return writeList(
        owner,
        step.name,
        list.toSpliced(index, 0, fill(definitions, value[tree], wanted).element),
      )
    })
}

function move(
  resource: JsonObject,
  { path, source, destination }: Extract<FhirPathOperation, { type: 'move' }>,
): Edit {
  const { owner: place, step } = wholeList(resource, locate(resource, path))
  return (root) =>
    editInside(root, place, (owner) => {
      const list = readList(owner, step.name)
      refuseBeyond(Math.max(source, destination), list.length - 1)
      return writeList(owner, step.name, list.toSpliced(source, 1).toSpliced(destination, 0, list[source]!))
    })
}

function refuseBeyond(index: number, last: number): void {
  if (index > last) throw new Failure('invalid', 'patch-index', { last })
}

/** The list that the path names; one without elements is found by what its path ends with. */
function listAt(definitions: Definitions, resource: JsonObject, path: string): Located {
  const places = locate(resource, path)
  if (places.length > 0) return wholeList(resource, places)
  const [, before, name] = /^(.+)\.([a-z]\w*)$/i.exec(path.trim()) ?? []
  if (before === undefined || name === undefined) throw new Failure('invalid', 'patch-path-missing')
  const owner = onlyPlace(resource, before)
  const [property] = propertiesNamed(definitions, typeAt(definitions, resource, owner), name)
  if (property === undefined) throw new Failure('invalid', 'patch-element-unknown')
  if (!property.many) throw new Failure('invalid', 'patch-path-list')
  return { owner, step: { name: property.name, index: 0 } }
}

/** An index counts in the whole list, so the path must not select a part of one, or of several. */
function wholeList(resource: JsonObject, places: readonly Place[]): Located {
  const [first] = places
  if (first === undefined) throw new Failure('invalid', 'patch-path-missing')
  const { owner, step } = splitOf(first)
  const list = readList(insideOf(resource, owner), step.name)
  const isWhole =
    step.index !== undefined &&
    list.length === places.length &&
    places.every((place) => sameStart(place, owner) && place.at(-1)!.name === step.name)
  if (!isWhole) throw new Failure('invalid', 'patch-path-list')
  return { owner, step }
}

function sameStart(place: Place, owner: Place): boolean {
  return (
    place.length === owner.length + 1 &&
    owner.every(({ name, index }, i) => name === place[i]!.name && index === place[i]!.index)
  )
}

function insideOf(resource: JsonObject, place: Place): JsonObject {
  return place.reduce((owner, step) => inside(read(owner, step)), resource)
}

/** The JSON properties that may stand in place of the element at the step. */
function branchesAt(definitions: Definitions, resource: JsonObject, owner: Place, step: Step): Property[] {
  const type = typeAt(definitions, resource, owner)
  const [property] = propertiesNamed(definitions, type, step.name)
  if (property === undefined) throw new Failure('invalid', 'patch-element-unknown')
  return propertiesNamed(definitions, type, property.element)
}

/** The FHIR type of the element at the place; a path for backbone elements. */
function typeAt(definitions: Definitions, resource: JsonObject, place: Place): string {
  let owner = resource
  let type = String(resource['resourceType'])
  for (const step of place) {
    const property = propertiesNamed(definitions, type, step.name).find(({ name }) => name === step.name)
    if (property === undefined) throw new Failure('invalid', 'patch-element-unknown')
    const element = read(owner, step)
    owner = inside(element)
    const { resourceType } = owner
    type = !isPrimitive(element) && typeof resourceType === 'string' ? resourceType : property.type
  }
  return type
}
