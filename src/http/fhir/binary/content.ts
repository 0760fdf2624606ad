/** A Binary as it is: its bytes under its own content type. https://hl7.org/fhir/R4/binary.html#rest */
import { isObject, type JsonObject } from '../../../kernel/json.ts'
import type { BinaryContent, Stored } from '../../../store/index.ts'
import { etagOf, httpDate, isFresh } from '../etag.ts'
import type { Answer, FhirRequest, FhirService } from '../interaction.ts'
import { type ContentRange, ifRangeHolds, rangeOf } from './range.ts'

/** What goes out in place of a resource. */
export interface NativeContent {
  readonly contentType: string
  readonly content: BinaryContent
  /** Left out: all of it. */
  readonly range?: ContentRange
  /** Binary.securityContext, where it is a literal reference. */
  readonly securityContext?: string
}

/** undefined when the client wants the resource. @throws Failure `invalid`/`range-not-satisfiable` */
export async function nativeAnswer(
  { binaries }: FhirService,
  { type, id, caller, conditions, wish }: FhirRequest,
  stored: Stored,
): Promise<Answer | undefined> {
  if (wish === undefined) return undefined
  const binary = JSON.parse(stored.body) as JsonObject
  const contentType = mediaTypeOf(binary)
  if (!wish.asItIs(contentType)) return undefined
  const { version, lastUpdated } = stored
  const securityContext = contextOf(binary)
  const told = {
    version,
    lastUpdated,
    seen: {
      entities: [{ type, id, version }],
      patients: [...new Set([...stored.patients, ...patientIn(securityContext)])],
    },
  }
  if (isFresh(stored, conditions)) return { ...told, status: 304 }
  const content = await binaries.content(caller.tenant, binary['data'] as string | undefined)
  const isSame = ifRangeHolds(conditions.ifRange, etagOf(version), httpDate(lastUpdated))
  const range = isSame ? rangeOf(conditions.range, content.size) : undefined
  const native: NativeContent = {
    contentType,
    content,
    ...(range && { range }),
    ...(securityContext !== undefined && { securityContext }),
  }
  return { ...told, status: range ? 206 : 200, native }
}

/** RFC 9110 §8.3.1; what is none, as a client may have written anything, goes out as bytes of an unknown kind. */
function mediaTypeOf({ contentType }: JsonObject): string {
  const token = "[\\w!#$%&'*+.^`|~-]+"
  const isMediaType = new RegExp(
    `^${token}/${token}(?:\\s*;\\s*${token}=(?:${token}|"[\\t\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*"))*$`,
  )
  return typeof contentType === 'string' && isMediaType.test(contentType)
    ? contentType.replaceAll(/\s/g, ' ')
    : 'application/octet-stream'
}

function contextOf({ securityContext }: JsonObject): string | undefined {
  const reference = isObject(securityContext) ? securityContext['reference'] : undefined
  // What can't stand in a header is left out of it.
  return typeof reference === 'string' && /^[\x21-\x7e]+$/.test(reference) ? reference : undefined
}

/** The access is one to the patient's data. */
function patientIn(reference: string | undefined): string[] {
  const id = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/.*)?$/.exec(reference ?? '')?.[1]
  return id === undefined ? [] : [id]
}
