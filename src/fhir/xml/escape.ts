/** Characters that can't stand as they are in XML. https://www.w3.org/TR/xml/#syntax, #AVNormalize */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser makes blanks of these in a value, unless they are written so.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

export function escapeAttribute(value: string): string {
  return /[&<>"\t\n\r]/.test(value)
    ? value.replaceAll(/[&<>"\t\n\r]/g, (character) => ESCAPES[character]!)
    : value
}

export function escapeText(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (character) => ESCAPES[character]!)
}

// eslint-disable-next-line no-control-regex -- these are what XML can't have in any form
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/** Whether XML 1.0 has all of its characters. */
export function isWritable(text: string): boolean {
  return !UNWRITABLE.test(text)
}
