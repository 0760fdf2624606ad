/**
 * txt-1: a narrative is well-formed XHTML with formatting only. What a browser would run (scripts, event handlers,
 * javascript: links, forms) is refused. https://hl7.org/fhir/R4/narrative.html#xhtml
 */

const ELEMENTS = new Set(
  (
    'a abbr acronym b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ' +
    'ins kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var'
  ).split(' '),
)

const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class ' +
    'colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules ' +
    'scope shape span src start style summary tabindex title type valign value vspace width xml:lang xmlns'
  ).split(' '),
)

const TOKEN =
  /<!--(?:(?!--)[^])*?-->|<\/([A-Za-z][\w:-]*)\s*>|<([A-Za-z][\w:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>|[^<]+/gy
const ATTRIBUTE = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/gy
const UNSAFE_URL = /^\s*(?:javascript|vbscript|data:(?!image\/(?:png|jpe?g|gif|svg\+xml)))/i

export function isSafeNarrative(xhtml: string): boolean {
  const open: string[] = []
  let roots = 0
  let at = 0
  for (const [token, closing, opening, attributes] of xhtml.trim().matchAll(TOKEN)) {
    at += token.length
    if (closing !== undefined) {
      if (open.pop() !== closing) return false
    } else if (opening !== undefined) {
      if (!ELEMENTS.has(opening)) return false
      const empty = attributes!.endsWith('/')
      if (!areSafeAttributes(empty ? attributes!.slice(0, -1) : attributes!)) return false
      if (open.length === 0 && (opening !== 'div' || ++roots > 1)) return false
      if (!empty) open.push(opening)
    } else if (open.length === 0 && !token.startsWith('<!--')) {
      return false
    }
  }
  return roots === 1 && open.length === 0 && at === xhtml.trim().length
}

function areSafeAttributes(text: string): boolean {
  let at = 0
  for (const [token, name, double, single] of text.matchAll(ATTRIBUTE)) {
    at += token.length
    if (!ATTRIBUTES.has(name!)) return false
    if ((name === 'href' || name === 'src') && UNSAFE_URL.test(double ?? single ?? '')) return false
  }
  return text.slice(at).trim() === ''
}
