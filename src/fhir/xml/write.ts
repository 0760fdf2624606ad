/** Resource → text, in the order of the definitions. https://hl7.org/fhir/R4/xml.html */
import { Failure } from '../../kernel/failure.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { isWritable } from './escape.ts'
import type { LayoutOf, XmlProperty } from './layout.ts'
import { FHIR } from './names.ts'
import { narrativeForXml } from './narrative.ts'
import { XmlText } from './xml-text.ts'

export interface XmlWriter {
  /**
   * @param resource with exact numbers
   * @throws Failure `unsupported`/`xml-unwritable` for what XML can't say, with its path
   */
  write(resource: JsonObject, options?: { readonly pretty?: boolean }): string
}

export function makeXmlWriter(definitions: Definitions, layoutOf: LayoutOf): XmlWriter {
  return {
    write(resource, { pretty = false } = {}) {
      const text = new XmlText(pretty)
      new Writing(definitions, layoutOf, text).resource(resource, [['xmlns', FHIR]])
      return text.finish()
    },
  }
}

type Attributes = [name: string, value: string][]

class Writing {
  private readonly definitions: Definitions
  private readonly layoutOf: LayoutOf
  private readonly text: XmlText
  private readonly steps: string[] = []

  constructor(definitions: Definitions, layoutOf: LayoutOf, text: XmlText) {
    this.definitions = definitions
    this.layoutOf = layoutOf
    this.text = text
  }

  resource(resource: JsonObject, attributes: Attributes): void {
    const { resourceType } = resource
    if (typeof resourceType !== 'string' || !this.definitions.isResourceType(resourceType)) this.fault()
    if (this.steps.length === 0) this.steps.push(resourceType)
    this.object(resource, resourceType, resourceType, attributes)
  }

  private object(object: JsonObject, type: string, tag: string, attributes: Attributes): void {
    const layout = this.layoutOf(type)
    const found: XmlProperty[] = []
    for (const key in object) {
      if (layout.attributes.has(key)) {
        attributes.push([key, this.writable(object[key], key)])
      } else if (key !== 'resourceType' || tag !== type) {
        const property = this.propertyOf(layout.elements, key, object)
        if (property) found.push(property)
      }
    }
    if (found.length === 0) return this.text.empty(tag, attributes)
    found.sort((a, b) => a.order - b.order)
    this.text.open(tag, attributes)
    for (const property of found) this.property(object, property)
    this.text.close(tag)
  }

  /** undefined for a `_name` whose `name` is there too. */
  private propertyOf(
    elements: ReadonlyMap<string, XmlProperty>,
    key: string,
    object: JsonObject,
  ): XmlProperty | undefined {
    const property = elements.get(key)
    if (property) return property
    const owner = key.startsWith('_') ? elements.get(key.slice(1)) : undefined
    if (owner?.content !== 'primitive') return this.fault(key)
    return Object.hasOwn(object, owner.name) ? undefined : owner
  }

  private property(object: JsonObject, property: XmlProperty): void {
    const { name, many } = property
    this.steps.push(name)
    const value = object[name]
    const more = object[`_${name}`]
    if (!many) {
      this.one(value, more, property)
    } else {
      if (value !== undefined && !Array.isArray(value)) this.fault()
      if (more !== undefined && !Array.isArray(more)) this.fault()
      const length = Math.max(value?.length ?? 0, more?.length ?? 0)
      for (let i = 0; i < length; i++) this.one(value?.[i], more?.[i], property)
    }
    this.steps.pop()
  }

  private one(value: Json | undefined, more: Json | undefined, { name, content, type }: XmlProperty): void {
    if (content === 'primitive') return this.primitive(name, value ?? undefined, more ?? undefined)
    if (content === 'narrative') return this.narrative(value)
    if (!isObject(value)) this.fault()
    if (content === 'complex') return this.object(value, type, name, [])
    this.text.open(name, [])
    this.resource(value, [])
    this.text.close(name)
  }

  private primitive(name: string, value: Json | undefined, more: Json | undefined): void {
    const attributes: Attributes = []
    if (value !== undefined) attributes.push(['value', this.writable(value)])
    if (more === undefined) return this.text.empty(name, attributes)
    if (!isObject(more)) this.fault()
    this.object(more, 'Element', name, attributes)
  }

  private narrative(value: Json | undefined): void {
    this.text.raw((typeof value === 'string' ? narrativeForXml(value) : undefined) ?? this.fault())
  }

  /** The text of a string, a number with its digits, or a boolean. */
  private writable(value: Json | undefined, child?: string): string {
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
    // What is neither (an object, an array, null) has no text; exact numbers are objects too, and stringify to digits.
    if (typeof value !== 'string' && !/^(?:true|false|-?\d)/.test(text)) this.fault(child)
    if (!isWritable(text)) this.fault(child)
    return text
  }

  private fault(child?: string): never {
    const path = child === undefined ? this.steps : [...this.steps, child]
    throw new Failure('unsupported', 'xml-unwritable', {}, { expression: [path.join('.')] })
  }
}
