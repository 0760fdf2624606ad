/** A built resource as JSON text. What carries nothing is left out; what R4 does not allow without a part goes with it. */
import type { Program } from '../program.ts'
import type { Identities } from './identity.ts'
import type { Field, Leaf, Obj, ResourceNode } from './tree.ts'

export interface WriteInput {
  readonly program: Pick<Program, 'required' | 'dependent' | 'defaults' | 'mandatoryIn'>
  readonly identities: Identities
  readonly warn: (code: string, about: string) => void
  /** Whether something is stored under the id, or will be: a reference to anything else is not written. */
  readonly isWritten: (resource: ResourceNode) => boolean
  /** `Patient/id` of the patient that is meant where a resource needs one and names none. */
  readonly patientReference: () => string | undefined
}

export interface TraceEntry {
  /** `Patient.name.family`, without the numbers of list items. */
  readonly element: string
  readonly row: string
}

export interface Written {
  /** Element name → JSON text, in the order of writing; primitive extensions under `_name`. */
  readonly elements: ReadonlyMap<string, string>
  /** Elements that only say what nothing else says. */
  readonly fallbacks: ReadonlySet<string>
  readonly trace: readonly TraceEntry[]
}

interface Writing extends WriteInput {
  readonly contained: Map<ResourceNode, { readonly id: string; json: string }>
  readonly trace: TraceEntry[]
}

/** The elements of a resource, those that it contains included. */
export function writeResource(resource: ResourceNode, input: WriteInput): Written {
  const writing: Writing = { ...input, contained: new Map(), trace: [] }
  const elements = writeFields(resource.root, resource.type, writing)
  leaveOutAlone(resource.type, elements, writing)
  const contained = referredTo([...writing.contained.values()], [...elements.values()])
  const all =
    contained.length === 0 ? elements : new Map([['contained', `[${contained.join(',')}]`], ...elements])
  const fallbacks = new Set(
    [...resource.root.fields]
      .filter(([, { items }]) => [...items.values()].every((item) => item.kind === 'leaf' && item.fallback))
      .map(([name]) => name),
  )
  return { elements: all, fallbacks, trace: writing.trace }
}

/** Those that something in the resource refers to: what spoke of one may have been left out itself (dom-3). */
function referredTo(
  contained: readonly { id: string; json: string }[],
  elements: readonly string[],
): string[] {
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
  return kept.map(({ json }) => json)
}

function writeFields(object: Obj, path: string, writing: Writing): Map<string, string> {
  const elements = new Map<string, string>()
  const choices = new Set<string>()
  for (const [name, field] of object.fields) {
    const isTop = path === path.split('.')[0]
    const written = writeField(field, `${path}.${name}`, isTop, writing)
    if (field.choice !== undefined && (written.json ?? written.extensions) !== undefined) {
      if (choices.has(field.choice)) {
        writing.warn('choice-taken', `${path}.${name}`)
        continue
      }
      choices.add(field.choice)
    }
    if (written.json !== undefined) elements.set(name, written.json)
    if (written.extensions !== undefined) elements.set(`_${name}`, written.extensions)
  }
  return elements
}

interface WrittenField {
  readonly json?: string | undefined
  readonly extensions?: string | undefined
}

function writeField(field: Field, path: string, isTop: boolean, writing: Writing): WrittenField {
  const items = [...field.items.values()]
  if (items.some(({ kind }) => kind === 'leaf')) {
    return writeLeaves(
      items.filter((item) => item.kind === 'leaf'),
      field.list,
      path,
      writing,
    )
  }
  const objects = items.filter((item) => item.kind === 'object')
  const written = objects
    .filter((item) => !(isTop && field.list && !isStrong(item)))
    .map((item) => writeObject(item, path, writing))
    .filter((json) => json !== undefined)
  const distinct = field.list ? withoutTwins(path, written) : written.slice(-1)
  if (distinct.length === 0) return {}
  return { json: field.list ? `[${distinct.join(',')}]` : distinct[0]! }
}

/** Of items that say the same one is enough; of codings with one system and code the one that says more. */
function withoutTwins(path: string, written: readonly string[]): string[] {
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
  const written = leaves
    .map(({ json, extensions, row }) => ({
      row,
      json,
      extensions: extensions && writeObject(extensions, path, writing),
    }))
    .filter(({ json, extensions }) => json !== undefined || extensions !== undefined)
  const kept = list ? written : written.slice(-1)
  for (const { row } of kept) if (row !== '') writing.trace.push({ element: path, row })
  const values = kept.map(({ json }) => json)
  const extensions = kept.map((each) => each.extensions)
  const hasExtensions = extensions.some((each) => each !== undefined)
  const print = (items: readonly (string | undefined)[]): WrittenField['json'] => {
    if (items.every((item) => item === undefined)) return undefined
    return list ? `[${items.map((item) => item ?? 'null').join(',')}]` : items[0]
  }
  return {
    json: print(list && !hasExtensions ? [...new Set(values)] : values),
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
    if (reference !== undefined) elements.set('reference', JSON.stringify(reference))
  }
  if (elements.size === 0) return undefined
  if (elements.size === 1 && elements.has('url')) return undefined
  leaveOutAlone(object.type, elements, writing)
  if (elements.size === 0 || !isComplete(object.type, elements, writing)) return undefined
  if (object.type === 'Period' && isBackward(elements)) {
    writing.warn('period-backward', path)
    elements.delete('end')
  }
  if (object.type === 'Range' && isUpsideDown(elements)) {
    writing.warn('range-backward', path)
    elements.delete('high')
  }
  // org-2 and org-3: an organization has no home.
  if (/^Organization\.(?:address|telecom)$/.test(path) && elements.get('use') === '"home"')
    elements.delete('use')
  return objectJson(elements)
}

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
function isComplete(type: string, elements: Map<string, string>, writing: Writing): boolean {
  for (const { oneOf, otherwise } of writing.program.required.get(type) ?? []) {
    if (oneOf.some((name) => elements.has(name))) continue
    if (otherwise === '') return false
    elements.set(oneOf[0]!, otherwise)
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

export function objectJson(elements: ReadonlyMap<string, string>): string {
  return `{${[...elements].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
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
  const entry = { id: `${resource.type.toLowerCase()}-${number}`, json: '' }
  writing.contained.set(resource, entry)
  const elements = writeFields(resource.root, resource.type, writing)
  if (elements.size === 0 || !addDefaults(resource.type, elements, writing).isWhole) return undefined
  if (!isComplete(resource.type, elements, writing)) return undefined
  entry.json = objectJson(
    new Map([['resourceType', JSON.stringify(resource.type)], ['id', JSON.stringify(entry.id)], ...elements]),
  )
  return `#${entry.id}`
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
