/**
 * XML Patch on the tree of a resource: add, replace and remove. Root and namespace of the document may be any, since
 * RFC 5261 leaves both open: `<diff>` of none, or RFC 7351's `<patch>`.
 * https://www.rfc-editor.org/rfc/rfc5261, https://hl7.org/fhir/R4/http.html#patch
 */
import { asFailure, Failure } from '../../kernel/failure.ts'
import { FHIR, parseTree, type XmlElement } from '../xml/index.ts'
import { select, type Selected } from './xml-select.ts'
import { type Namespaces, parsePath, type Step } from './xpath.ts'

export type XmlPatchOperation = { readonly path: readonly Step[] } & (
  | { readonly op: 'add'; readonly place: Place; readonly elements: readonly XmlElement[] }
  | { readonly op: 'addAttribute'; readonly name: string; readonly value: string }
  | { readonly op: 'replace'; readonly elements: readonly XmlElement[]; readonly value: string }
  | { readonly op: 'remove' }
)

type Place = 'append' | 'prepend' | 'before' | 'after'

const MAX_OPERATIONS = 5000

/**
 * @throws Failure `invalid`/`xml-…`, `patch-xml-operation`, `patch-selector`, `patch-content`,
 *   `too-large`/`patch-too-many-operations`
 */
export function parseXmlPatch(text: string): readonly XmlPatchOperation[] {
  const root = parseTree(text)
  const { children } = root
  if (children.length > MAX_OPERATIONS)
    throw new Failure('too-large', 'patch-too-many-operations', { max: MAX_OPERATIONS })
  return children.map((element, i) => {
    if (element.namespace !== root.namespace) throw fault('patch-xml-operation', i)
    const namespaces = new Map([...(root.declares ?? []), ...(element.declares ?? [])])
    return parseOperation(element, namespaces, i)
  })
}

function parseOperation(element: XmlElement, namespaces: Namespaces, index: number): XmlPatchOperation {
  const { name, children, text } = element
  const { sel, pos, type, ws: _ws, ...unknown } = attributesOf(element)
  // White space means nothing in FHIR, so `ws` changes nothing.
  const isKnown = name === 'add' || ((name === 'replace' || name === 'remove') && (pos ?? type) === undefined)
  if (!isKnown || sel === undefined || Object.keys(unknown).length > 0)
    throw fault('patch-xml-operation', index)
  const path = parsePath(sel, namespaces)
  if (path === undefined) throw fault('patch-selector', index)
  const elements = children.map(ofFhir)
  const value = text?.content ?? ''
  const isMixed = elements.length > 0 && text !== undefined

  switch (name) {
    case 'remove':
      if (elements.length > 0 || text !== undefined) throw fault('patch-content', index)
      return { op: 'remove', path }
    case 'replace':
      if (isMixed || elements.length > 1) throw fault('patch-content', index)
      return { op: 'replace', path, elements, value }
    default:
      if (type !== undefined) {
        const attribute = /^@([A-Za-z_][\w.-]*)$/.exec(type)?.[1]
        if (attribute === undefined || pos !== undefined) throw fault('patch-xml-operation', index)
        if (elements.length > 0 || value === '') throw fault('patch-content', index)
        return { op: 'addAttribute', path, name: attribute, value }
      }
      if (pos !== undefined && !isPlace(pos)) throw fault('patch-xml-operation', index)
      if (elements.length === 0 || text !== undefined) throw fault('patch-content', index)
      return { op: 'add', path, elements, place: pos ?? 'append' }
  }
}

function attributesOf({ attributes }: XmlElement): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ name, namespace, value }) => [
      namespace === '' ? name : `{${namespace}}${name}`,
      value,
    ]),
  )
}

function isPlace(text: string): text is Place {
  return text === 'prepend' || text === 'before' || text === 'after'
}

/** An element without a namespace can only be meant to be FHIR's. */
function ofFhir(element: XmlElement): XmlElement {
  return {
    ...element,
    namespace: element.namespace || FHIR,
    children: element.children.map(ofFhir),
  }
}

/** What it puts under `reference`, here or deeper. */
export function xmlReferencesOf(operation: XmlPatchOperation): string[] {
  if ('elements' in operation && operation.elements.length > 0)
    return operation.elements.flatMap(referencesIn)
  const [last, owner] = operation.path.toReversed()
  const isValue = nameOf(last) === 'value' && nameOf(owner) === 'reference'
  return isValue && operation.op === 'replace' ? [operation.value] : []
}

function referencesIn({ name, attributes, children }: XmlElement): string[] {
  const values = attributes.filter((each) => each.name === 'value').map(({ value }) => value)
  return [...(name === 'reference' ? values : []), ...children.flatMap(referencesIn)]
}

function nameOf(step: Step | undefined): string | undefined {
  return step === undefined || step.test === 'nothing' ? undefined : step.test.name
}

/**
 * Changes the tree of a resource; a replaced root is another one.
 * @throws Failure `invalid`/`patch-path-…`, `invalid`/`patch-content`, `invalid`/`patch-element-exists`
 */
export function applyXmlPatch(root: XmlElement, operations: readonly XmlPatchOperation[]): XmlElement {
  // As XPath has it: the root element is a child of the document.
  const document: XmlElement = { name: '', namespace: '', attributes: [], children: [root], offset: 0 }
  for (const [i, operation] of operations.entries()) {
    try {
      apply(one(select(document, operation.path)), operation, document)
    } catch (thrown) {
      const { kind, code, params, cause } = asFailure(thrown)
      throw new Failure(kind, code, { ...params, operation: i + 1 }, { cause })
    }
  }
  return document.children[0]!
}

/** "the selector MUST … locate a unique target node" */
function one([selected, second]: readonly Selected[]): Selected {
  if (selected === undefined) throw new Failure('invalid', 'patch-path-missing')
  if (second !== undefined) throw new Failure('invalid', 'patch-path-several')
  return selected
}

function apply(selected: Selected, operation: XmlPatchOperation, document: XmlElement): void {
  if ('attribute' in selected) return applyToAttribute(selected, operation)
  const { element, parent } = selected
  const isRoot = parent === document
  switch (operation.op) {
    case 'add':
      return insert(selected, operation.place, operation.elements, isRoot)
    case 'addAttribute': {
      const { name, value } = operation
      if (element.attributes.some((each) => each.name === name && each.namespace === ''))
        throw new Failure('invalid', 'patch-element-exists')
      element.attributes.push({ name, namespace: '', value })
      return
    }
    case 'replace':
      if (operation.elements.length !== 1) throw new Failure('invalid', 'patch-content')
      replaceIn(parent.children, element, operation.elements)
      return
    case 'remove':
      if (isRoot) throw new Failure('invalid', 'patch-path-resource')
      replaceIn(parent.children, element, [])
  }
}

function applyToAttribute(
  { attribute, owner }: Extract<Selected, { owner: XmlElement }>,
  operation: XmlPatchOperation,
): void {
  switch (operation.op) {
    case 'remove':
      return replaceIn(owner.attributes, attribute, [])
    case 'replace':
      if (operation.value === '') throw new Failure('invalid', 'patch-content')
      return replaceIn(owner.attributes, attribute, [{ ...attribute, value: operation.value }])
    default:
      throw new Failure('invalid', 'patch-content')
  }
}

function insert(
  { element, parent }: Extract<Selected, { parent: XmlElement }>,
  place: Place,
  elements: readonly XmlElement[],
  isRoot: boolean,
): void {
  if (place === 'before' || place === 'after') {
    if (isRoot) throw new Failure('invalid', 'patch-path-resource')
    const around = place === 'before' ? [...elements, element] : [element, ...elements]
    return replaceIn(parent.children, element, around)
  }
  if (element.narrative !== undefined) throw new Failure('invalid', 'patch-selector-narrative')
  const index = place === 'prepend' ? 0 : element.children.length
  element.children.splice(index, 0, ...elements.map((each) => structuredClone(each)))
}

/** Copies go in: a patch may be applied again, and later operations change what earlier ones added. */
function replaceIn<T extends object>(list: T[], old: T, by: readonly T[]): void {
  list.splice(list.indexOf(old), 1, ...by.map((each) => (each === old ? each : structuredClone(each))))
}

function fault(code: string, index: number): Failure {
  return new Failure('invalid', code, { operation: index + 1 })
}
