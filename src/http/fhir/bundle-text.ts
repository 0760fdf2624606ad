/**
 * Bundles as text: the stored resources go in as they are, unparsed, so that a page costs no more than its bytes and
 * every decimal stays as it was sent. https://hl7.org/fhir/R4/bundle.html
 */

export interface Link {
  readonly relation: 'self' | 'next' | 'related'
  readonly url: string
}

/** @param entries JSON text of each entry */
export function bundleText(
  type: 'searchset' | 'history' | 'batch-response' | 'transaction-response',
  total: number | undefined,
  links: readonly Link[],
  entries: readonly string[],
): string {
  return (
    `{"resourceType":"Bundle","type":"${type}"` +
    (total === undefined ? '' : `,"total":${total}`) +
    (links.length === 0 ? '' : `,"link":${JSON.stringify(links)}`) +
    (entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`) +
    '}'
  )
}
