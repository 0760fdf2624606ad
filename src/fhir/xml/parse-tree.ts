/**
 * Text → tree. Well-formed XML 1.0 with namespaces in UTF-8; a document type is refused, so no entity is ever expanded.
 * https://hl7.org/fhir/R4/security.html#narrative, https://www.w3.org/TR/xml/
 */
import { SaxesParser, type SaxesTagNS } from 'saxes'

import { Failure } from '../../kernel/failure.ts'
import { placeIn } from '../../kernel/place-in-text.ts'
import { XHTML, XMLNS } from './names.ts'
import { isPlainNarrative, plainNarrative } from './narrative.ts'
import type { XmlAttribute, XmlElement } from './tree.ts'

/** Twice what JSON may nest, because resources in resources have an element more; what is deeper is never built. */
const MAX_DEPTH = 256

/** XML's own white space. */
const TEXT = /[^ \t\r\n]/

type Draft = { -readonly [K in keyof XmlElement]: XmlElement[K] }

/**
 * @throws Failure `invalid`/`xml-syntax`, `xml-doctype`, `xml-encoding`, `xml-depth`, `xml-namespace`, each with line
 *   and column
 */
export function parseTree(source: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true })
  const open: Draft[] = []
  let root: Draft | undefined
  let depth = 0
  /** While in a narrative: how deep it began, and its first tag. */
  let narrative: { readonly depth: number; readonly tag: SaxesTagNS } | undefined

  const fault = (code: string, at = parser.position) => {
    throw new Failure('invalid', code, { ...placeIn(source, at) })
  }
  const noteText = (text: string) => {
    const owner = open.at(-1)
    if (owner === undefined || narrative || !TEXT.test(text)) return
    const { content = '', offset = parser.position } = owner.text ?? {}
    owner.text = { content: content + text, offset }
  }
  // What saxes says of an error quotes the document: only its place is taken.
  parser.on('error', () => fault('xml-syntax'))
  parser.on('text', noteText)
  // Only where they are wanted: with more than a few handlers V8 keeps the parser in a slow form (a third of the speed).
  if (source.includes('<![CDATA[')) parser.on('cdata', noteText)
  if (source.includes('<!DOCTYPE')) parser.on('doctype', () => fault('xml-doctype'))
  parser.on('opentag', (tag) => {
    if (depth++ >= MAX_DEPTH) fault('xml-depth')
    if (narrative) return
    const element: Draft = {
      name: tag.local,
      namespace: tag.uri,
      ...attributesOf(tag),
      children: [],
      // No attribute has a < in it.
      offset: source.lastIndexOf('<', parser.position - 1),
    }
    if (tag.uri === XHTML) narrative = { depth, tag }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => {
    if (narrative?.depth === depth) {
      const element = open.at(-1)!
      const text = source.slice(element.offset, parser.position)
      element.narrative = isPlainNarrative(narrative.tag, text)
        ? text.replaceAll(/\r\n?/g, '\n')
        : (plainNarrative(text, narrative.tag, parser.resolve('') ?? '') ??
          fault('xml-namespace', element.offset))
      narrative = undefined
    }
    if (!narrative) open.pop()
    depth--
  })

  parser.write(source)
  const { encoding } = parser.xmlDecl
  if (encoding !== undefined && !/^(?:utf-8|us-ascii)$/i.test(encoding)) fault('xml-encoding', 0)
  parser.close()
  return root!
}

function attributesOf({ attributes: all }: SaxesTagNS): Pick<XmlElement, 'attributes' | 'declares'> {
  const attributes: XmlAttribute[] = []
  let declares: Map<string, string> | undefined
  for (const key in all) {
    const { prefix, local, uri, value } = all[key]!
    if (uri !== XMLNS) attributes.push({ name: local, namespace: uri, value })
    else (declares ??= new Map()).set(prefix === '' ? '' : local, value)
  }
  return declares === undefined ? { attributes } : { attributes, declares }
}
