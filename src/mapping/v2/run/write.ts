/** A built resource as JSON text. What carries nothing is left out; what R4 does not allow without a part goes with it. */
import type { Program } from '../program.ts'
import type { Identities } from './identity.ts'
import { Tracer, type TraceEntry } from './trace.ts'
import type { Field, Leaf, Obj, ResourceNode } from './tree.ts'

export interface WriteInput {
  readonly program: Pick<Program, 'required' | 'dependent' | 'defaults' | 'mandatoryIn'>
  readonly identities: Identities
  readonly warn: (code: string, about: string) => void
  /** Whether something is stored under the id, or will be: a reference to anything else is not written. */
  readonly isWritten: (resource: ResourceNode) => boolean
  /** `Patient/id` of the patient that is meant where a resource needs one and names none. */
  readonly patientReference: () => string | undefined
  readonly isTraced: boolean
}

export interface Written {
  /** Element name → JSON text, in the order of writing; primitive extensions under `_name`. */
  readonly elements: ReadonlyMap<string, string>
  /** Elements that only say what nothing else says. */
  readonly fallbacks: ReadonlySet<string>
  readonly trace: readonly TraceEntry[]
}

interface Writing extends WriteInput {
  readonly contained: Map<ResourceNode, Contained>
  readonly trace: Tracer | undefined
}

interface Contained {
  readonly id: string
  readonly type: string
  json: string
  trace: readonly TraceEntry[]
}

/** The elements of a resource, those that it contains included. */
export function writeResource(resource: ResourceNode, input: WriteInput): Written {
  const writing: Writing = {
    ...input,
    contained: new Map(),
    trace: input.isTraced ? new Tracer() : undefined,
  }
  const elements = writeFields(resource.root, resource.type, writing)
  leaveOutAlone(resource.type, elements, writing)
  const contained = referredTo([...writing.contained.values()], [...elements.values()])
  const all =
    contained.length === 0
      ? elements
      : new Map([['contained', `[${contained.map(({ json }) => json).join(',')}]`], ...elements])
  for (const [at, { type, trace }] of contained.entries())
    writing.trace?.put(trace, type, `${resource.type}.contained[${at}]`)
  const fallbacks = new Set(
    [...resource.root.fields]
      .filter(([, { items }]) => [...items.values()].every((item) => item.kind === 'leaf' && item.fallback))
      .map(([name]) => name),
  )
  return { elements: all, fallbacks, trace: writing.trace?.entries ?? [] }
}

/** Those that something in the resource refers to: what spoke of one may have been left out itself (dom-3). */
function referredTo(contained: readonly Contained[], elements: readonly string[]): readonly Contained[] {
  let kept = contained.filter(({ json }) => json !== '')
  for (let before = -1; before !== kept.length;) {
    before = kept.length
    const present = kept
    kept = present.filter(({ id }) => {
      const reference = `"reference":"#${id}"`
      return [...elements, ...present.filter((each) => each.id !== id).map(({ json }) => json)].some((json) =>
        json.includes(reference),
      )
    })
  }
  return kept
}

function writeFields(object: Obj, path: string, writing: Writing): Map<string, string> {
  const elements = new Map<string, string>()
  const choices = new Set<string>()
  const isTop = !path.includes('.')
  for (const [name, field] of object.fields) {
    const place = `${path}.${name}`
    const { result: written, entries } = traced(writing, () => writeField(field, place, isTop, writing))
    if (field.choice !== undefined && (written.json ?? written.extensions) !== undefined) {
      if (choices.has(field.choice)) {
        writing.warn('choice-taken', `${path}.${name}`)
        continue
      }
      choices.add(field.choice)
    }
    writing.trace?.put(entries, place, place)
    if (written.json !== undefined) elements.set(name, written.json)
    if (written.extensions !== undefined) elements.set(`_${name}`, written.extensions)
  }
  return elements
}

/** Runs a step; what it traced waits until it is known where it goes. */
function traced<T>(
  { trace }: Writing,
  step: () => T,
): { readonly result: T; readonly entries: readonly TraceEntry[] } {
  return trace === undefined ? { result: step(), entries: [] } : trace.take(step)
}

interface WrittenField {
  readonly json?: string | undefined
  readonly extensions?: string | undefined
}

function writeField(field: Field, path: string, isTop: boolean, writing: Writing): WrittenField {
  const items = [...field.items.values()]
  const leaves = items.filter((item) => item.kind === 'leaf')
  if (leaves.length > 0) return writeLeaves(leaves, field.list, path, writing)
  const objects = items.filter((item) => item.kind === 'object')
  const written = objects
    .filter((item) => !(isTop && field.list && !isStrong(item)))
    .map((item) => traced(writing, () => writeObject(item, path, writing)))
    .flatMap(({ result: json, entries }) => (json === undefined ? [] : [{ json, entries }]))
  const texts = written.map(({ json }) => json)
  const distinct = field.list ? withoutTwins(path, texts) : texts.slice(-1)
  if (distinct.length === 0) return {}
  if (writing.trace !== undefined) {
    for (const [at, json] of distinct.entries()) {
      const { entries } = written.findLast((each) => each.json === json)!
      writing.trace.put(entries, path, field.list ? `${path}[${at}]` : path)
    }
  }
  return { json: field.list ? `[${distinct.join(',')}]` : distinct[0]! }
}

/** Of items that say the same one is enough; of codings with one system and code the one that says more. */
function withoutTwins(path: string, written: readonly string[]): readonly string[] {
  if (written.length < 2) return written
  if (!path.endsWith('.coding')) return [...new Set(written)]
  const byCode = new Map<string, string>()
  for (const json of written) {
    const { system, code } = JSON.parse(json) as { system?: string; code?: string }
    const key = code === undefined ? json : `${system ?? ''}|${code}`
    const known = byCode.get(key)
    if (known === undefined || json.length > known.length) byCode.set(key, json)
  }
  return [...byCode.values()]
}

/** A list and its extensions run in parallel, `null` where one of them has nothing. https://hl7.org/fhir/R4/json.html#primitive */
function writeLeaves(leaves: readonly Leaf[], list: boolean, path: string, writing: Writing): WrittenField {
  const [only] = leaves
  // What nearly every element is.
  if (leaves.length === 1 && only!.extensions === undefined && writing.trace === undefined)
    return list && only!.json !== undefined ? { json: `[${only!.json}]` } : { json: only!.json }
  const written = leaves
    .map((leaf) => {
      const { json, extensions } = leaf
      const below = traced(writing, () => extensions && writeObject(extensions, path, writing))
      return { leaf, json, extensions: below.result, entries: below.entries }
    })
    .filter(({ json, extensions }) => json !== undefined || extensions !== undefined)
  const kept = list ? written : written.slice(-1)
  const values = kept.map(({ json }) => json)
  const extensions = kept.map((each) => each.extensions)
  const hasExtensions = extensions.some((each) => each !== undefined)
  const distinct = list && !hasExtensions ? [...new Set(values)] : values
  if (writing.trace !== undefined) {
    for (const [at, { leaf, json, entries }] of kept.entries()) {
      const index = hasExtensions ? at : distinct.indexOf(json)
      const place = list ? `${path}[${index}]` : path
      if (json !== undefined) writing.trace.add(place, leaf.why ?? { rows: [leaf.row], field: '' })
      writing.trace.put(entries, path, place)
    }
  }
  const print = (items: readonly (string | undefined)[]): WrittenField['json'] => {
    if (items.every((item) => item === undefined)) return undefined
    return list ? `[${items.map((item) => item ?? 'null').join(',')}]` : items[0]
  }
  return {
    json: print(distinct),
    extensions: print(extensions),
  }
}

/** Something in it was sent, or stands there for its own sake. */
function isStrong(item: Leaf | Obj): boolean {
  if (item.kind === 'leaf')
    return (
      (item.json !== undefined && !item.weak) || (item.extensions !== undefined && isStrong(item.extensions))
    )
  if (item.resource !== undefined) return isStrong(item.resource.root)
  return [...item.fields.values()].some(({ items }) => [...items.values()].some(isStrong))
}

function writeObject(object: Obj, path: string, writing: Writing): string | undefined {
  const elements = writeFields(object, path, writing)
  if (object.resource !== undefined) {
    const reference = referenceTo(object.resource, writing)
    if (reference !== undefined) {
      elements.set('reference', JSON.stringify(reference))
      writing.trace?.add(`${path}.reference`, object.why ?? { rows: [], field: '' })
    }
  }
  if (elements.size === 0) return undefined
  if (elements.size === 1 && elements.has('url')) return undefined
  leaveOutAlone(object.type, elements, writing)
  if (elements.size === 0 || !isComplete(object.type, path, elements, writing)) return undefined
  if (object.type === 'Period' && isBackward(elements)) {
    writing.warn('period-backward', path)
    elements.delete('end')
  }
  if (object.type === 'Range' && isUpsideDown(elements)) {
    writing.warn('range-backward', path)
    elements.delete('high')
  }
  // org-2 and org-3: an organization has no home.
  if (HOMELESS.has(path) && elements.get('use') === '"home"') elements.delete('use')
  return objectJson(elements)
}

const HOMELESS: ReadonlySet<string> = new Set(['Organization.address', 'Organization.telecom'])

/** What says nothing without another element goes: a duration without its unit. */
function leaveOutAlone(type: string, elements: Map<string, string>, { program, warn }: Writing): void {
  for (const { element, needs } of program.dependent.get(type) ?? []) {
    if (!elements.has(element) || isMet(needs, elements)) continue
    warn('element-alone', `${type}.${element}`)
    elements.delete(element)
  }
}

function isMet(needs: string, elements: ReadonlyMap<string, string>): boolean {
  const has = (name: string): boolean => elements.has(name) || elements.has(`_${name}`)
  return needs.startsWith('!') ? !has(needs.slice(1)) : has(needs)
}

/** Fills in what a type is nothing without; false where there is nothing to fill in. */
function isComplete(type: string, path: string, elements: Map<string, string>, writing: Writing): boolean {
  for (const { oneOf, otherwise } of writing.program.required.get(type) ?? []) {
    if (oneOf.some((name) => elements.has(name))) continue
    if (otherwise === '') return false
    elements.set(oneOf[0]!, otherwise)
    const row = `required ${type}.${oneOf[0]!}`
    writing.trace?.add(`${path}.${oneOf[0]!}`, { rows: [row], field: '' })
  }
  const missing = missingOf(type, elements, writing.program)
  if (missing !== undefined) writing.warn('element-incomplete', `${type}.${missing}`)
  return missing === undefined
}

/** What R4 does not allow the type without, and is not there. */
export function missingOf(
  type: string,
  elements: Pick<ReadonlySet<string>, 'has'>,
  { mandatoryIn }: Pick<Program, 'mandatoryIn'>,
): string | undefined {
  return mandatoryIn(type).find((names) =>
    names.every((name) => !elements.has(name) && !elements.has(`_${name}`)),
  )?.[0]
}

function isBackward(elements: ReadonlyMap<string, string>): boolean {
  const [start, end] = ['start', 'end'].map((name) =>
    Date.parse(JSON.parse(elements.get(name) ?? 'null') as string),
  )
  return start !== undefined && end !== undefined && end < start
}

/** rng-2: the low end of a range is below its high end. */
function isUpsideDown(elements: ReadonlyMap<string, string>): boolean {
  const [low, high] = ['low', 'high'].map((name) => JSON.parse(elements.get(name) ?? '{}') as Quantity)
  return low!.code === high!.code && low!.unit === high!.unit && Number(low!.value) > Number(high!.value)
}

interface Quantity {
  readonly value?: number
  readonly unit?: string
  readonly code?: string
}

/** Names of elements have nothing to escape. */
export function objectJson(elements: ReadonlyMap<string, string>): string {
  let members = ''
  for (const [name, json] of elements) members += `${members === '' ? '' : ','}"${name}":${json}`
  return `{${members}}`
}

/** `Type/id`, `#id` of what is contained, or undefined for what is written nowhere. */
function referenceTo(resource: ResourceNode, writing: Writing): string | undefined {
  const identity = writing.identities.of(resource)
  if (identity === 'omitted') return undefined
  if (identity !== 'contained')
    return writing.isWritten(resource) ? `${resource.type}/${identity.id}` : undefined
  return containedReference(resource, writing)
}

function containedReference(resource: ResourceNode, writing: Writing): string | undefined {
  const known = writing.contained.get(resource)
  if (known) return known.json === '' ? undefined : `#${known.id}`
  if (!isStrong(resource.root)) return undefined
  const number = [...writing.contained.keys()].filter(({ type }) => type === resource.type).length + 1
  const id = `${resource.type.toLowerCase()}-${number}`
  const entry: Contained = { id, type: resource.type, json: '', trace: [] }
  writing.contained.set(resource, entry)
  const { result: elements, entries } = traced(writing, () => containedElements(resource, writing))
  if (elements === undefined) return undefined
  entry.trace = entries
  entry.json = objectJson(
    new Map([['resourceType', JSON.stringify(resource.type)], ['id', JSON.stringify(entry.id)], ...elements]),
  )
  return `#${entry.id}`
}

/** undefined where it would be empty or not allowed. */
function containedElements(
  { root, type }: ResourceNode,
  writing: Writing,
): ReadonlyMap<string, string> | undefined {
  const elements = writeFields(root, type, writing)
  if (elements.size === 0) return undefined
  const { added, isWhole } = addDefaults(type, elements, writing)
  for (const name of added) writing.trace?.entries.push(defaultEntry(type, name))
  return isWhole && isComplete(type, type, elements, writing) ? elements : undefined
}

/**
 * What R4 requires and the message does not say. Gives the names of what it added, and whether the resource is whole
 * then: a contained person who belongs to a patient that the message does not name is not.
 */
export function addDefaults(
  type: string,
  elements: Map<string, string>,
  { program, patientReference }: Pick<WriteInput, 'program' | 'patientReference'>,
): { readonly added: readonly string[]; readonly isWhole: boolean } {
  const added: string[] = []
  let isWhole = true
  for (const { element, json, when, mandatory } of program.defaults.get(type) ?? []) {
    if (elements.has(element) || (when !== '' && elements.has(when))) continue
    const value = defaultValue(json, patientReference())
    if (value === undefined) isWhole &&= !mandatory
    else {
      elements.set(element, value)
      added.push(element)
    }
  }
  return { added, isWhole }
}

/** `@patient` stands for a reference to the message's Patient; without one the default does not apply. */
function defaultValue(json: string, patient: string | undefined): string | undefined {
  if (!json.includes('@patient')) return json
  return patient === undefined
    ? undefined
    : json.replaceAll('@patient', JSON.stringify({ reference: patient }))
}

/** That a default of the tables filled in an element; `_end` is said of `end`. */
export function defaultEntry(type: string, name: string): TraceEntry {
  const element = `${type}.${name.replace(/^_/, '')}`
  return { element, rows: [`defaults ${type}.${name}`], field: '' }
}
