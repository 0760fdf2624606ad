/**
 * The narrative, between its place in an XML document and the text that JSON has of it. Both ways it stays as it is
 * written where it can. https://hl7.org/fhir/R4/json.html#xhtml, https://hl7.org/fhir/R4/narrative.html
 */
import { SaxesParser, type SaxesTagNS } from 'saxes'

import { Failure } from '../../kernel/failure.ts'
import { escapeAttribute, escapeText } from './escape.ts'
import { htmlCharacter } from './html-entities.ts'
import { XHTML, XMLNS } from './names.ts'

/** Whether the text stands for itself wherever it is put: without prefixes, and with nothing that JSON may not have. */
export function isPlainNarrative({ name, attributes }: SaxesTagNS, text: string): boolean {
  return name === 'div' && attributes['xmlns']?.value === XHTML && !/<!\[CDATA\[|<\?/.test(text)
}

/**
 * A narrative that leans on its document, written anew: one namespace declaration, no prefixes, no CDATA sections.
 * @param tag its first, `defaultNamespace` what names without a prefix mean around it
 * @returns undefined when it has elements of another namespace
 */
export function plainNarrative(text: string, tag: SaxesTagNS, defaultNamespace: string): string | undefined {
  const parser = new SaxesParser({ xmlns: true })
  const prefixed = tag.prefix === '' ? '' : ` xmlns:${tag.prefix}="${XHTML}"`
  let depth = 0
  let plain = ''
  let foreign = false

  parser.on('error', () => {
    foreign = true
  })
  parser.on('opentag', ({ local, uri, attributes, isSelfClosing }) => {
    if (depth++ === 0) return
    foreign ||= uri !== XHTML
    plain += `<${local}${depth === 2 ? ` xmlns="${XHTML}"` : ''}`
    for (const { name, uri: namespace, value } of Object.values(attributes)) {
      if (namespace !== XMLNS) plain += ` ${name}="${escapeAttribute(value)}"`
    }
    plain += isSelfClosing ? '/>' : '>'
  })
  parser.on('closetag', ({ local, isSelfClosing }) => {
    if (--depth > 0 && !isSelfClosing) plain += `</${local}>`
  })
  parser.on('text', (content) => (plain += escapeText(content)))
  parser.on('cdata', (content) => (plain += escapeText(content)))
  parser.on('comment', (content) => (plain += `<!--${content}-->`))
  parser.write(`<around xmlns="${escapeAttribute(defaultNamespace)}"${prefixed}>${text}</around>`).close()
  return foreign ? undefined : plain
}

/**
 * A narrative of JSON as it can stand in XML: as it is, or with what XML does not have put right (named characters of
 * HTML, a missing namespace). undefined: it can't.
 */
export function narrativeForXml(div: string): string | undefined {
  const text = div.trim()
  if (isWellFormed(text)) return text
  const mended = text
    .replaceAll(/&(?!#\d+;|#x[0-9A-Fa-f]+;|(?:amp|lt|gt|quot|apos);)(?:(\w+);)?/g, (whole, name?: string) => {
      const character = name === undefined ? undefined : htmlCharacter(name)
      return character ?? `&amp;${whole.slice(1)}`
    })
    .replace(/^<div(?![^>]*\sxmlns=)/, `<div xmlns="${XHTML}"`)
  return isWellFormed(mended) ? mended : undefined
}

/** Whether it is exactly one div of XHTML. */
function isWellFormed(text: string): boolean {
  const parser = new SaxesParser({ xmlns: true })
  let depth = 0
  let roots = 0
  let sound = true
  const spoil = () => {
    sound = false
  }
  parser.on('error', () => {
    throw new Failure('invalid', 'xml-syntax')
  })
  parser.on('opentag', ({ local, uri }) => {
    if (depth++ === 1 && (++roots > 1 || local !== 'div' || uri !== XHTML)) spoil()
  })
  parser.on('closetag', () => depth--)
  const onText = (content: string) => {
    if (depth < 2 && content.trim() !== '') spoil()
  }
  parser.on('text', onText)
  parser.on('cdata', spoil)
  parser.on('processinginstruction', spoil)
  try {
    parser.write(`<around>${text}</around>`).close()
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    return false
  }
  return sound && roots === 1
}
