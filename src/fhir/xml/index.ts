import type { ExactJson, JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { makeLayouts } from './layout.ts'
import { parseTree } from './parse-tree.ts'
import { makeXmlReader } from './read.ts'
import { makeXmlWriter } from './write.ts'

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
}

export function makeFhirXml(definitions: Definitions): FhirXml {
  const layoutOf = makeLayouts(definitions)
  const { read } = makeXmlReader(definitions, layoutOf)
  const { write } = makeXmlWriter(definitions, layoutOf)
  return { parse: (source) => read(parseTree(source), { source }), write }
}
