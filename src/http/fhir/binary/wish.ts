/**
 * Whether a Binary is wanted as it is, or as a resource: as it is, unless FHIR is asked for by its name.
 * https://hl7.org/fhir/R4/binary.html#rest
 */
import { Failure } from '../../../kernel/failure.ts'
import { likingOf, type MediaType, parseAccept, parseMediaType } from '../../media-type.ts'
import type { AnswerFormat, Formats } from '../formats.ts'

export interface BinaryWish {
  /**
   * Whether content of this type goes out as it is.
   * @throws Failure `unsupported`/`not-acceptable` when `_format` names neither FHIR nor this type
   */
  asItIs(contentType: string): boolean
  /** Of the resource, where it is that; also of what is said about it. */
  readonly format: AnswerFormat
}

/** @param query with `_format` and `_pretty` */
export function binaryWish(formats: Formats, accept: string | undefined, query: string): BinaryWish {
  const parameters = new URLSearchParams(query)
  const pretty = parameters.get('_pretty') === 'true'
  const named = parameters.get('_format')
  const wish =
    named === null
      ? byAccept(formats, accept, pretty)
      : byParameter(formats, named, answerFormat(formats, accept, named, pretty))
  // Who asks for part of the resource asks for the resource.
  const isCut = parameters.has('_elements') || parameters.has('_summary')
  return isCut ? { ...wish, asItIs: (contentType) => wish.asItIs(contentType) && false } : wish
}

function byParameter(formats: Formats, named: string, format: AnswerFormat | undefined): BinaryWish {
  return {
    format: format ?? formats.byDefault,
    asItIs(contentType) {
      if (format !== undefined) return false
      if (typeOf(named.replace(' ', '+')) === typeOf(contentType)) return true
      const offered = [contentType, ...formats.all.map(({ types }) => types[0])].join(', ')
      throw new Failure('unsupported', 'not-acceptable', { offered })
    },
  }
}

function byAccept(formats: Formats, accept: string | undefined, pretty: boolean): BinaryWish {
  const ranges = accept === undefined ? [] : parseAccept(accept)
  const fhir = qualityByName(
    formats.all.flatMap(({ types, formerType }) => [types[0], formerType]),
    ranges,
  )
  const format = answerFormat(formats, accept, undefined, pretty)
  return {
    format: format ?? formats.byDefault,
    asItIs(contentType) {
      const type = typeOf(contentType)
      if (fhir > 0) return !isFhir(formats, type) && qualityByName([type], ranges) > fhir
      if (format === undefined || ranges.length === 0) return true
      // "application/json" for a PDF means the resource; for JSON, or beside "any type", it means what is there.
      return (likingOf(type, ranges)?.quality ?? 0) > 0 || isOfKind(type, format)
    },
  }
}

/** undefined: not one of FHIR's. */
function answerFormat(
  formats: Formats,
  accept: string | undefined,
  named: string | undefined,
  pretty: boolean,
): AnswerFormat | undefined {
  try {
    return formats.ofAnswer(accept, named, pretty)
  } catch {
    return undefined
  }
}

/** How well one of the types is liked that is named in full; 0 when none is. */
function qualityByName(types: readonly string[], ranges: readonly MediaType[]): number {
  const likings = types.map((type) => likingOf(type, ranges)).filter((liking) => liking?.precision === 2)
  return Math.max(0, ...likings.map((liking) => liking!.quality))
}

function isFhir(formats: Formats, type: string): boolean {
  return formats.all.some(({ types, formerType }) => type === types[0] || type === formerType)
}

/** `application/geo+json` is JSON. */
function isOfKind(type: string, { format }: AnswerFormat): boolean {
  return format.types.some((each) => each === type) || type.endsWith(`+${format.name}`)
}

function typeOf(contentType: string): string {
  return parseMediaType(contentType).type
}
