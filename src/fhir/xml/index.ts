import type { ExactJson, JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { makeLayouts } from './layout.ts'
import { parseTree } from './parse-tree.ts'
import { makeXmlReader } from './read.ts'
import type { XmlElement } from './tree.ts'
import { makeXmlWriter } from './write.ts'

export { FHIR } from './names.ts'
export { parseTree } from './parse-tree.ts'
export type { XmlAttribute, XmlElement } from './tree.ts'

/** FHIR's XML, lossless to and from JSON. https://hl7.org/fhir/R4/xml.html */
export interface FhirXml {
  /**
   * A document of one resource, as parseExactJson would give it.
   * @throws Failure `invalid`/`xml-…` with line and column, and the path of what is wrong
   */
  parse(text: string): ExactJson
  /**
   * @param resource with exact numbers
   * @throws Failure `unsupported`/`xml-unwritable`
   */
  write(resource: JsonObject, options?: { readonly pretty?: boolean }): string
  /** The resource as a tree, to be changed. @throws Failure `unsupported`/`xml-unwritable` */
  toTree(resource: JsonObject): XmlElement
  /** The resource that a tree is, its elements in any order. @throws Failure `invalid`/`xml-…` with the path */
  fromTree(root: XmlElement): ExactJson
}

export function makeFhirXml(definitions: Definitions): FhirXml {
  const layoutOf = makeLayouts(definitions)
  const { read } = makeXmlReader(definitions, layoutOf)
  const { write } = makeXmlWriter(definitions, layoutOf)
  return {
    parse: (source) => read(parseTree(source), { source }),
    write,
    toTree: (resource) => parseTree(write(resource)),
    fromTree: (root) => read(root, { source: '', anyOrder: true }),
  }
}
