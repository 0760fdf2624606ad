/** Canonical URLs, with or without a version. https://hl7.org/fhir/R4/references.html#canonical */

export interface Canonical {
  readonly url: string
  /** undefined: whichever version is best. */
  readonly version: string | undefined
}

/** `http://example.org/ValueSet/x|1.2` */
export function parseCanonical(text: string): Canonical {
  const bar = text.indexOf('|')
  if (bar < 0) return { url: text, version: undefined }
  const version = text.slice(bar + 1)
  return { url: text.slice(0, bar), version: version === '' ? undefined : version }
}

/** For failures: URLs are the client's text, so only what can't be anything else is repeated. */
export function printable(url: string): string {
  return /^[\w:/.|#%~+()-]{1,200}$/.test(url) ? url : '?'
}
