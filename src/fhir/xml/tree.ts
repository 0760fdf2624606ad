/**
 * An XML document as a tree of elements. FHIR has no text between elements, so text is only noted where there is some;
 * a narrative is kept as its text. Comments and processing instructions mean nothing and are dropped.
 */

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string
  readonly namespace: string
  readonly attributes: XmlAttribute[]
  readonly children: XmlElement[]
  /** Of the xhtml div of a narrative, in place of its children: its text, as it is written. */
  readonly narrative?: string
  /** Where it begins in the document. */
  readonly offset: number
  /** Its text, where that isn't white space alone, and where it begins. */
  readonly text?: { readonly content: string; readonly offset: number }
  /** The namespaces that it declares, by prefix; the empty one is the default. */
  readonly declares?: ReadonlyMap<string, string>
}

export interface XmlAttribute {
  readonly name: string
  /** Empty for names without a prefix. */
  readonly namespace: string
  readonly value: string
}
