/**
 * JSON Patch on the exact tree of a resource, so that the decimals that it doesn't touch stay as they are.
 * RFC 6902, https://hl7.org/fhir/R4/http.html#patch
 */
import { asFailure, Failure } from '../../kernel/failure.ts'
import { isObject, type Json, MAX_DEPTH, numberText } from '../../kernel/json.ts'
import { equalJson } from './equal.ts'
import { arrayIndex, parsePointer, type Pointer } from './pointer.ts'

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Pointer; readonly value: Json }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly from: Pointer; readonly path: Pointer }

type Container = Json[] | { [key: string]: Json }

/** Each may cost a copy of the array that it changes. */
const MAX_OPERATIONS = 5000
/** `copy` can double the document each time: so many values and characters may be copied or moved by one patch. */
const MAX_COPIED = 4_000_000

/**
 * @param document the parsed body, exact
 * @throws Failure `invalid`/`patch-not-an-array`, `invalid`/`patch-malformed`, `too-large`/`patch-too-many-operations`
 */
export function parseJsonPatch(document: Json): readonly JsonPatchOperation[] {
  if (!Array.isArray(document)) throw new Failure('invalid', 'patch-not-an-array')
  if (document.length > MAX_OPERATIONS) {
    throw new Failure('too-large', 'patch-too-many-operations', { max: MAX_OPERATIONS })
  }
  return document.map((operation, i) => {
    const parsed = isObject(operation) ? parseOperation(operation) : undefined
    if (parsed === undefined) throw new Failure('invalid', 'patch-malformed', { operation: i + 1 })
    return parsed
  })
}

/** Members that the operation has no use for are ignored, as §4 asks. */
function parseOperation(operation: { [key: string]: Json }): JsonPatchOperation | undefined {
  const { op } = operation
  const path = pointerIn(operation, 'path')
  if (path === undefined) return undefined
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      return Object.hasOwn(operation, 'value') ? { op, path, value: operation['value']! } : undefined
    case 'remove':
      return { op, path }
    case 'move':
    case 'copy': {
      const from = pointerIn(operation, 'from')
      return from && { op, from, path }
    }
    default:
      return undefined
  }
}

function pointerIn(operation: { [key: string]: Json }, name: 'path' | 'from'): Pointer | undefined {
  const text = operation[name]
  return typeof text === 'string' ? parsePointer(text) : undefined
}

/**
 * The document after all operations; the one given is left as it was.
 * @throws Failure `invalid`/`patch-path-missing`, `conflict`/`patch-test-failed`, `too-large`/`patch-copies-too-much`
 */
export function applyJsonPatch(document: Json, operations: readonly JsonPatchOperation[]): Json {
  let copies = 0
  /** What is put a second time somewhere. */
  function taken(from: Pointer, value: Json): Json {
    copies += weightOf(value, from.length)
    if (copies > MAX_COPIED) throw new Failure('too-large', 'patch-copies-too-much', { max: MAX_COPIED })
    return value
  }

  function apply(before: Json, operation: JsonPatchOperation): Json {
    const { op, path } = operation
    switch (op) {
      case 'add':
        return add(before, path, operation.value)
      case 'remove':
        return remove(before, path)
      case 'replace':
        return replace(before, path, operation.value)
      case 'move':
        return move(before, operation.from, path, taken(operation.from, at(before, operation.from)))
      case 'copy':
        return add(before, path, taken(operation.from, at(before, operation.from)))
      case 'test':
        if (equalJson(at(before, path), operation.value)) return before
        throw new Failure('conflict', 'patch-test-failed')
    }
  }

  return operations.reduce((before, operation, i) => {
    try {
      return apply(before, operation)
    } catch (thrown) {
      throw numbered(asFailure(thrown), i + 1)
    }
  }, document)
}

/** The same failure, which says of which operation it is. */
function numbered({ kind, code, params, cause }: Failure, operation: number): Failure {
  return new Failure(kind, code, { ...params, operation }, { cause })
}

function nothingThere(): Failure {
  return new Failure('invalid', 'patch-path-missing')
}

function at(value: Json, path: Pointer): Json {
  return path.reduce((inside, token) => memberOf(containerOf(inside), token), value)
}

function add(document: Json, path: Pointer, value: Json): Json {
  weightOf(value, path.length)
  if (path.length === 0) return value
  return change(document, path, (container, token) => {
    if (!Array.isArray(container)) return { ...container, [token]: value }
    const index = token === '-' ? container.length : arrayIndex(token)
    if (index === undefined || index > container.length) throw nothingThere()
    return container.toSpliced(index, 0, value)
  })
}

function remove(document: Json, path: Pointer): Json {
  if (path.length === 0) throw nothingThere() // of the whole resource: that is what DELETE is for
  return change(document, path, (container, token) => {
    memberOf(container, token)
    if (Array.isArray(container)) return container.toSpliced(Number(token), 1)
    const { [token]: _removed, ...rest } = container
    return rest
  })
}

function replace(document: Json, path: Pointer, value: Json): Json {
  weightOf(value, path.length)
  if (path.length === 0) return value
  return change(document, path, (container, token) => {
    memberOf(container, token)
    return withMember(container, token, value)
  })
}

/** §4.4: "The 'from' location MUST NOT be a proper prefix of the 'path' location". */
function move(document: Json, from: Pointer, path: Pointer, value: Json): Json {
  const startsWithFrom = from.every((token, i) => token === path[i])
  if (startsWithFrom && from.length === path.length) return document
  if (startsWithFrom) throw nothingThere()
  return add(remove(document, from), path, value)
}

/** The document with what `edit` makes of the container that the path's last token is in. */
function change(
  value: Json,
  path: Pointer,
  edit: (container: Container, token: string) => Json,
  depth = 0,
): Json {
  const container = containerOf(value)
  const token = path[depth]!
  if (depth === path.length - 1) return edit(container, token)
  return withMember(container, token, change(memberOf(container, token), path, edit, depth + 1))
}

function containerOf(value: Json): Container {
  if (Array.isArray(value) || (isObject(value) && numberText(value) === undefined)) return value
  throw nothingThere()
}

function memberOf(container: Container, token: string): Json {
  if (!Array.isArray(container)) {
    if (Object.hasOwn(container, token)) return container[token]!
    throw nothingThere()
  }
  const index = arrayIndex(token)
  if (index === undefined || index >= container.length) throw nothingThere()
  return container[index]!
}

/** A computed name makes a property of its own, whatever it is: `__proto__` too. */
function withMember(container: Container, token: string, value: Json): Json {
  return Array.isArray(container) ? container.with(Number(token), value) : { ...container, [token]: value }
}

/**
 * How many values and characters it is.
 * @throws Failure `invalid`/`json-depth` when it would nest too deep so far down
 */
function weightOf(value: Json, depth: number): number {
  if (depth > MAX_DEPTH) throw new Failure('invalid', 'json-depth', { max: MAX_DEPTH })
  if (typeof value === 'string') return 1 + value.length
  if (!isObject(value) && !Array.isArray(value)) return 1
  let weight = 1
  for (const item of Object.values(value)) weight += weightOf(item, depth + 1)
  return weight
}
