/**
 * Tree → resource. What JSON can't say (an unknown element, text, a second of what may come once) is refused here;
 * whether the values are right is the validator's to say. https://hl7.org/fhir/R4/xml.html
 */
import { Failure } from '../../kernel/failure.ts'
import { exactJsonOf, exactNumber, type ExactJson, type Json, type JsonObject } from '../../kernel/json.ts'
import { placeIn } from '../../kernel/place-in-text.ts'
import type { Definitions } from '../definitions/index.ts'
import type { LayoutOf, XmlLayout, XmlProperty } from './layout.ts'
import { FHIR, XHTML, XSI } from './names.ts'
import type { XmlElement } from './tree.ts'

export interface ReadOptions {
  /** The document, for line and column. */
  readonly source: string
  /** Takes elements in any order: for a tree that a patch has changed. */
  readonly anyOrder?: boolean
}

export interface XmlReader {
  /** @throws Failure `invalid`/`xml-…` with line, column and expression */
  read(root: XmlElement, options: ReadOptions): ExactJson
}

export function makeXmlReader(definitions: Definitions, layoutOf: LayoutOf): XmlReader {
  return {
    read(root, options) {
      const reading = new Reading(definitions, layoutOf, options)
      const exact = reading.resource(root)
      return reading.hasFragileNumbers ? exactJsonOf(exact) : { value: exact, exact }
    },
  }
}

/** As deep as a body of JSON may nest. */
const MAX_JSON_DEPTH = 128

class Reading {
  hasFragileNumbers = false
  private readonly definitions: Definitions
  private readonly layoutOf: LayoutOf
  private readonly options: ReadOptions
  private readonly steps: (string | number)[] = []
  private depth = 0

  constructor(definitions: Definitions, layoutOf: LayoutOf, options: ReadOptions) {
    this.definitions = definitions
    this.layoutOf = layoutOf
    this.options = options
  }

  resource(element: XmlElement): JsonObject {
    if (element.namespace !== FHIR) this.fault('xml-namespace', element)
    if (!this.definitions.isResourceType(element.name)) this.fault('xml-resource-unknown', element)
    const isRoot = this.steps.length === 0
    if (isRoot) this.steps.push(element.name)
    return this.readInto(
      { resourceType: element.name },
      element,
      this.layoutOf(element.name),
      isRoot ? 'root' : '',
    )
  }

  /** Reads attributes and children of an element into a JSON object. */
  private readInto(
    object: JsonObject,
    element: XmlElement,
    layout: XmlLayout,
    role: 'root' | 'primitive' | '',
  ): JsonObject {
    if (++this.depth > MAX_JSON_DEPTH) this.fault('xml-depth', element)
    if (element.text !== undefined) this.fault('xml-text', element, element.text.offset)
    for (const { name, namespace, value } of element.attributes) {
      if (namespace === '' && layout.attributes.has(name)) object[name] = value
      else if (!isHint(namespace, role) && !(role === 'primitive' && namespace === '' && name === 'value'))
        this.fault('xml-attribute-unknown', element, element.offset, name)
    }
    this.children(object, element, layout)
    this.depth--
    return object
  }

  private children(object: JsonObject, { children }: XmlElement, layout: XmlLayout): void {
    let order = -1
    /** Repeating primitives of which not every item has a value. */
    let gappy: Set<string> | undefined
    for (const child of children) {
      const property = layout.elements.get(child.name)
      if (property === undefined) this.fault('xml-element-unknown', child, child.offset, child.name)
      if (child.namespace !== (property.content === 'narrative' ? XHTML : FHIR))
        this.fault('xml-namespace', child, child.offset, child.name)
      if (property.order < order && !this.options.anyOrder)
        this.fault('xml-element-order', child, child.offset, child.name)
      order = property.order
      this.steps.push(child.name)
      if (property.content === 'primitive') {
        if (this.primitive(object, child, property)) (gappy ??= new Set()).add(child.name)
      } else {
        this.other(object, child, property)
      }
      this.steps.pop()
    }
    for (const name of gappy ?? []) {
      if ((object[name] as Json[]).every((value) => value === null)) delete object[name]
    }
  }

  private other(object: JsonObject, child: XmlElement, property: XmlProperty): void {
    const { name, many } = property
    if (!many) {
      if (Object.hasOwn(object, name)) this.fault('xml-element-repeated', child)
      object[name] = this.valueOf(child, property)
      return
    }
    const items = (object[name] ??= []) as Json[]
    this.steps.push(items.length)
    this.depth++
    items.push(this.valueOf(child, property))
    this.depth--
    this.steps.pop()
  }

  private valueOf(element: XmlElement, { content, type }: XmlProperty): Json {
    if (content === 'narrative') return element.narrative ?? ''
    if (content === 'complex') return this.readInto({}, element, this.layoutOf(type), '')
    const [resource, second] = element.children
    if (element.text !== undefined) this.fault('xml-text', element, element.text.offset)
    if (element.attributes.length > 0)
      this.fault('xml-attribute-unknown', element, element.offset, element.attributes[0]!.name)
    if (resource === undefined || second !== undefined) this.fault('xml-resource-one', element)
    return this.resource(resource)
  }

  /** `value` becomes `name`; id and extensions become `_name`. True: there is no value. */
  private primitive(object: JsonObject, element: XmlElement, { name, type, many }: XmlProperty): boolean {
    const text = element.attributes.find((each) => each.name === 'value' && each.namespace === '')?.value
    const value = text === undefined ? null : this.primitiveOf(text, type)
    const items = many ? ((object[name] ??= []) as Json[]) : undefined
    if (items) this.steps.push(items.length)
    const more = this.readInto({}, element, this.layoutOf('Element'), 'primitive')
    const hasMore = Object.keys(more).length > 0
    if (value === null && !hasMore) this.fault('xml-element-empty', element)
    if (items) {
      this.steps.pop()
      if (hasMore || Object.hasOwn(object, `_${name}`)) {
        const extras = (object[`_${name}`] ??= items.map(() => null)) as Json[]
        extras.push(hasMore ? more : null)
      }
      items.push(value)
      return value === null
    }
    if (Object.hasOwn(object, name) || Object.hasOwn(object, `_${name}`))
      this.fault('xml-element-repeated', element)
    if (value !== null) object[name] = value
    if (hasMore) object[`_${name}`] = more
    return false
  }

  /** The JSON value of a text. What has not the type's form stays text, and the validator says so. */
  private primitiveOf(text: string, type: string): Json {
    switch (type) {
      case 'boolean':
        return text === 'true' || (text === 'false' ? false : text)
      case 'integer':
      case 'positiveInt':
        // XML may write them with a plus. https://hl7.org/fhir/R4/datatypes.html#integer
        return this.number(/^\+[1-9]\d*$/.test(text) ? text.slice(1) : text)
      case 'unsignedInt':
      case 'decimal':
        return this.number(text)
      default:
        return text
    }
  }

  private number(text: string): Json {
    const number = exactNumber(text)
    if (number === undefined) return text
    if (typeof number !== 'number') this.hasFragileNumbers = true
    return number
  }

  private fault(code: string, element: XmlElement, at = element.offset, child?: string): never {
    const { line, column } = placeIn(this.options.source, at)
    const path = this.steps.reduce<string>(
      (text, step) =>
        typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`,
      '',
    )
    const expression = [path, nameable(child)].filter((part) => part !== '').join('.')
    throw new Failure(
      'invalid',
      code,
      { line, column },
      expression === '' ? {} : { expression: [expression] },
    )
  }
}

/** `xsi:schemaLocation` and the like say nothing about the resource. */
function isHint(namespace: string, role: string): boolean {
  return namespace === XSI && role === 'root'
}

/** A name that looks like an element's may be shown; anything else could be data in the wrong place. */
function nameable(name = ''): string {
  return /^[A-Za-z]{1,64}$/.test(name) ? name : ''
}
