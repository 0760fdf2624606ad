/** Media types, and which of several a client likes best. RFC 9110 §8.3.1, §12.5.1, https://hl7.org/fhir/R4/http.html#mime-type */

export interface MediaType {
  /** `type/subtype`, lower case; in an Accept header either may be `*`. */
  readonly type: string
  /** By name in lower case, without quotes. */
  readonly parameters: ReadonlyMap<string, string>
}

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=')
    parameters.set(name.trim().toLowerCase(), value.trim().replaceAll('"', ''))
  }
  return { type: type.trim().toLowerCase(), parameters }
}

/** The media type alone, in lower case; undefined when its text isn't UTF-8, or it is FHIR of another version. */
export function utf8Type(contentType: string | undefined): string | undefined {
  const mediaType = parseMediaType(contentType ?? '')
  const charset = mediaType.parameters.get('charset')?.toLowerCase() ?? 'utf-8'
  return (charset === 'utf-8' || charset === 'utf8') && isR4(mediaType) ? mediaType.type : undefined
}

/** Not of another version of FHIR. https://hl7.org/fhir/R4/http.html#version-parameter */
export function isR4({ parameters }: MediaType): boolean {
  const version = parameters.get('fhirversion')
  return version === undefined || version === '4.0' || version.startsWith('4.0.')
}

/** True for the body of a POST _search. */
export function isForm(contentType: string | undefined): boolean {
  return parseMediaType(contentType ?? '').type === 'application/x-www-form-urlencoded'
}

/** The ranges of an Accept header, as listed. */
export function parseAccept(accept: string): MediaType[] {
  return accept.split(',').map(parseMediaType)
}

export interface Liking {
  /** 0 to 1; 0 is a refusal. */
  readonly quality: number
  /** By what it was named: 2 in full, 1 by its type, 0 by `*` alone. */
  readonly precision: number
  /** Place in the header. */
  readonly place: number
}

/** How a client likes a media type: what the most precise of its ranges says. undefined when none has it. */
export function likingOf(type: string, ranges: readonly MediaType[]): Liking | undefined {
  let best: Liking | undefined
  for (const [place, range] of ranges.entries()) {
    const precision = precisionOf(range.type, type)
    if (precision === undefined || (best && best.precision >= precision)) continue
    best = { quality: qualityOf(range), precision, place }
  }
  return best
}

/** Better first. Among equally good ones it is who named it in more detail, then who named it earlier. */
export function byLiking(a: Liking, b: Liking): number {
  return b.quality - a.quality || b.precision - a.precision || a.place - b.place
}

function precisionOf(range: string, type: string): number | undefined {
  if (range === type) return 2
  if (range === '*/*') return 0
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1)) ? 1 : undefined
}

/** RFC 9110 §12.4.2; what is no number is a whole liking. */
function qualityOf({ parameters }: MediaType): number {
  const quality = Number(parameters.get('q') ?? 1)
  return quality >= 0 && quality <= 1 ? quality : 1
}
