/** An entry of a Bundle as a request, and an answer as an entry of the response. https://hl7.org/fhir/R4/bundle.html */
import { isUtf8 } from 'node:buffer'
import { STATUS_CODES } from 'node:http'

import type { BundleEntry, Language } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'
import { etagOf } from './etag.ts'
import type { Answer, Caller, FhirRequest, FhirService, Interaction, SentBody } from './interaction.ts'
import { problemText } from './outcome-text.ts'
import { noSuchRoute } from './routes.ts'
import { statusOf } from './status.ts'

export interface EntryTarget {
  readonly interaction: Interaction
  readonly request: FhirRequest
}

/** @throws Failure when no interaction has this method and url; a Bundle in a Bundle is none */
export function targetOf({ routes }: FhirService, entry: BundleEntry, caller: Caller): EntryTarget {
  const match = routes.match(entry.method, entry.path)
  if (!('interaction' in match)) throw noSuchRoute(match.allow, entry.path)
  const { interaction, type, id, version, compartment } = match
  // A Bundle in a Bundle.
  if (interaction.claims?.includes('batch'))
    throw new Failure('unsupported', 'method-not-allowed', { allow: 'GET' })
  return {
    interaction,
    request: {
      caller,
      type,
      id,
      version,
      compartment,
      query: entry.query,
      conditions: entry,
      hasBody: entry.resource !== undefined,
      resource: () => Promise.resolve(entry.resource!),
      body: async () => sentBody(entry.resource!),
    },
  }
}

/** "The patch operations in other formats … SHALL be encoded in a Binary resource". http.html#patch */
function sentBody({ value, exact }: ExactJson): SentBody {
  const { resourceType, contentType, data } = value
  if (resourceType !== 'Binary') return { contentType: 'application/fhir+json', text: JSON.stringify(exact) }
  const bytes = Buffer.from(typeof data === 'string' ? data : '', 'base64')
  if (!isUtf8(bytes)) throw new Failure('invalid', 'body-not-utf8')
  return { contentType: String(contentType), text: bytes.toString('utf8') }
}

/** @param base what the location is made relative to */
export function answerEntry({ method }: BundleEntry, answer: Answer, base: string): string {
  const body = method === 'HEAD' ? undefined : answer.body
  const { status, outcome, version, lastUpdated, location } = answer
  const relative = location?.startsWith(`${base}/`) ? location.slice(base.length + 1) : location
  const fullUrl = relative === undefined ? undefined : `${base}/${relative.replace(/\/_history\/\d+$/, '')}`
  return (
    (body === undefined
      ? '{'
      : `{${fullUrl === undefined ? '' : `"fullUrl":${JSON.stringify(fullUrl)},`}"resource":${body},`) +
    `"response":{"status":"${statusLine(status)}"` +
    (relative === undefined ? '' : `,"location":${JSON.stringify(relative)}`) +
    (version === undefined ? '' : `,"etag":${JSON.stringify(etagOf(version))}`) +
    (lastUpdated === undefined ? '' : `,"lastModified":"${lastUpdated}"`) +
    (outcome === undefined ? '' : `,"outcome":${outcome}`) +
    '}}'
  )
}

export function problemEntry(failure: Failure, language: Language): string {
  return `{"response":{"status":"${statusLine(statusOf(failure))}","outcome":${problemText(failure, language)}}}`
}

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
}
