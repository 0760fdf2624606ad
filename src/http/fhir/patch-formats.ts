/** What a patch can be written in, by media type: what isn't here is not read, claimed or documented. https://hl7.org/fhir/R4/http.html#patch */
import { type Definitions, fhirPathPatch, jsonPatch, type Patch } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { TimeLimit } from '../../kernel/time-limit.ts'
import { utf8Type } from '../media-type.ts'
import type { SentBody } from './interaction.ts'

interface PatchFormat {
  /** The first is the one that capabilities name. */
  readonly mediaTypes: readonly [string, ...string[]]
  read(text: string, deps: PatchReaderDeps): Patch
}

export interface PatchReaderDeps {
  readonly definitions: Definitions
  readonly timeLimit: TimeLimit
}

export const patchFormats: readonly PatchFormat[] = [
  { mediaTypes: ['application/json-patch+json'], read: (text) => jsonPatch(text) },
  {
    mediaTypes: ['application/fhir+json', 'application/json'],
    read: (text, { definitions, timeLimit }) => fhirPathPatch(definitions, timeLimit, parseExactObject(text)),
  },
]

/** @throws Failure `unsupported`/`media-type`, `invalid`/`patch-…` */
export function readPatch(deps: PatchReaderDeps, { contentType, text }: SentBody): Patch {
  const type = utf8Type(contentType)
  const format = patchFormats.find(({ mediaTypes }) => type !== undefined && mediaTypes.includes(type))
  if (format === undefined) {
    const expected = patchFormats.map(({ mediaTypes }) => mediaTypes[0]).join(', ')
    throw new Failure('unsupported', 'media-type', { expected })
  }
  return format.read(text, deps)
}
