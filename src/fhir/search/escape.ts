/** Separators in search values and their escapes. https://hl7.org/fhir/R4/search.html#escaping */

const ESCAPABLE = '\\,|$'

/** Splits at each separator that is not escaped; the parts keep their escapes. */
export function splitValue(text: string, separator: ',' | '|' | '$'): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** Takes the escapes out; undefined when a backslash stands before anything but a separator or a backslash. */
export function unescapeValue(text: string): string | undefined {
  if (!text.includes('\\')) return text
  let plain = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      plain += text[i]
      continue
    }
    i++
    if (i >= text.length || !ESCAPABLE.includes(text[i]!)) return undefined
    plain += text[i]
  }
  return plain
}

/** Puts escapes in: what a client does before it sends a value. */
export function escapeValue(text: string): string {
  return text.replaceAll(/[\\,|$]/g, String.raw`\$&`)
}
