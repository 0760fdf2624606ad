/** What a patch can be written in, by media type: what isn't here is not read, claimed or documented. https://hl7.org/fhir/R4/http.html#patch */
import {
  type Definitions,
  fhirPathPatch,
  type FhirXml,
  jsonPatch,
  type Patch,
  xmlPatch,
} from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TimeLimit } from '../../kernel/time-limit.ts'
import { utf8Type } from '../media-type.ts'
import { type Formats, JSON_TYPES, XML_TYPES } from './formats.ts'
import type { SentBody } from './interaction.ts'

interface PatchFormat {
  /** The first is the one that capabilities name. */
  readonly mediaTypes: readonly [string, ...string[]]
  read(body: SentBody, deps: PatchReaderDeps): Patch
}

export interface PatchReaderDeps {
  readonly definitions: Definitions
  readonly timeLimit: TimeLimit
  readonly formats: Formats
  readonly xml: FhirXml
}

export const patchFormats: readonly PatchFormat[] = [
  { mediaTypes: ['application/json-patch+json'], read: ({ text }) => jsonPatch(text) },
  {
    mediaTypes: ['application/xml-patch+xml'],
    read: ({ text }, { xml, timeLimit }) => xmlPatch(xml, timeLimit, text),
  },
  { mediaTypes: JSON_TYPES, read: readParameters },
  { mediaTypes: XML_TYPES, read: readParameters },
]

function readParameters(
  { text, contentType }: SentBody,
  { definitions, timeLimit, formats }: PatchReaderDeps,
): Patch {
  return fhirPathPatch(definitions, timeLimit, formats.ofBody(contentType).parse(text))
}

/** @throws Failure `unsupported`/`media-type`, `invalid`/`patch-…` */
export function readPatch(deps: PatchReaderDeps, body: SentBody): Patch {
  const type = utf8Type(body.contentType)
  const format = patchFormats.find(({ mediaTypes }) => type !== undefined && mediaTypes.includes(type))
  if (format === undefined) {
    const expected = patchFormats.map(({ mediaTypes }) => mediaTypes[0]).join(', ')
    throw new Failure('unsupported', 'media-type', { expected })
  }
  return format.read(body, deps)
}
