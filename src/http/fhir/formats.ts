/**
 * The formats that resources come and go in. One more is one more entry of the list: bodies, answers, the
 * CapabilityStatement and the documentation follow. https://hl7.org/fhir/R4/http.html#mime-type
 */
import type { FhirXml } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { type ExactJson, parseExactJson, parseExactObject } from '../../kernel/json.ts'
import { byLiking, isR4, likingOf, parseAccept, parseMediaType, utf8Type } from '../media-type.ts'

export interface Format {
  /** As in `_format` and in the CapabilityStatement. */
  readonly name: string
  /** FHIR's own type first; the others are taken too, and given to those who ask for them. */
  readonly types: readonly [string, ...string[]]
  /** What older clients call FHIR's own type. */
  readonly formerType: string
  /** @throws Failure `invalid` */
  parse(text: string): ExactJson
  /** @param body JSON text of a resource */
  write(body: string, pretty: boolean): string
}

/** How an answer is written. */
export interface AnswerFormat {
  readonly format: Format
  readonly contentType: string
  readonly pretty: boolean
}

export interface Formats {
  readonly all: readonly Format[]
  /** For who has no wish. */
  readonly byDefault: AnswerFormat
  /**
   * Of a request body.
   * @throws Failure `unsupported`/`media-type`
   */
  ofBody(contentType: string | undefined): Format
  /**
   * Of an answer. `_format` wins over Accept.
   * @throws Failure `unsupported`/`not-acceptable`
   */
  ofAnswer(accept: string | undefined, format: string | undefined, pretty: boolean): AnswerFormat
}

export function makeFormats(xml: FhirXml): Formats {
  return formatsOf([json, xmlFormat(xml)])
}

type Types = Format['types']
export const JSON_TYPES: Types = ['application/fhir+json', 'application/json', 'text/json']
export const XML_TYPES: Types = ['application/fhir+xml', 'application/xml', 'text/xml']

const json: Format = {
  name: 'json',
  types: JSON_TYPES,
  formerType: 'application/json+fhir',
  parse: parseExactObject,
  // Resources are kept as JSON: what is not to be made pretty goes out as it is.
  write: (body, pretty) => (pretty ? JSON.stringify(parseExactJson(body).exact, undefined, 2) : body),
}

function xmlFormat(xml: FhirXml): Format {
  return {
    name: 'xml',
    types: XML_TYPES,
    formerType: 'application/xml+fhir',
    parse: xml.parse,
    write: (body, pretty) => xml.write(parseExactObject(body).exact, { pretty }),
  }
}

function formatsOf(all: readonly [Format, ...Format[]]): Formats {
  const byName = new Map(
    all.flatMap((format) =>
      [format.name, ...format.types, format.formerType].map((name) => [name, format] as const),
    ),
  )
  const own = all.map(({ types }) => types[0])
  const offered = all.flatMap((format) =>
    [...format.types, format.formerType].map((type) => ({ type, format })),
  )

  function answerAs(format: Format, pretty: boolean, type = format.types[0]): AnswerFormat {
    const given = type === format.formerType ? format.types[0] : type
    return { format, contentType: `${given}; charset=utf-8`, pretty }
  }

  const byDefault = answerAs(all[0], false)

  function liked(accept: string, pretty: boolean): AnswerFormat | undefined {
    const ranges = parseAccept(accept).filter(isR4)
    const found = offered.flatMap(({ type, format }) => {
      const liking = likingOf(type, ranges)
      return liking && liking.quality > 0 ? [{ type, format, liking }] : []
    })
    const [best] = found.toSorted((a, b) => byLiking(a.liking, b.liking))
    if (best === undefined) return undefined
    // Who likes FHIR's own type as well as the plain one gets the own.
    const ownType = found.find(({ type }) => type === best.format.types[0])
    const type = ownType?.liking.quality === best.liking.quality ? ownType.type : best.type
    return answerAs(best.format, pretty, type)
  }

  function notAcceptable(): Failure {
    return new Failure('unsupported', 'not-acceptable', { offered: own.join(', ') })
  }

  return {
    all,
    byDefault,
    ofBody(contentType = '') {
      if (contentType === own[0]) return all[0]
      const type = utf8Type(contentType)
      const format = type?.includes('/') ? byName.get(type) : undefined
      if (format) return format
      throw new Failure('unsupported', 'media-type', { expected: own.join(', ') })
    },
    ofAnswer(accept, format, pretty) {
      if (format !== undefined) {
        const mediaType = parseMediaType(format)
        // The + of a media type that nobody encoded has become a blank.
        const found = byName.get(mediaType.type.replace(' ', '+'))
        if (found && isR4(mediaType)) return answerAs(found, pretty)
        throw notAcceptable()
      }
      if (accept === undefined || accept === '*/*' || accept === own[0])
        return pretty ? { ...byDefault, pretty } : byDefault
      const found = liked(accept, pretty)
      if (found) return found
      throw notAcceptable()
    },
  }
}
