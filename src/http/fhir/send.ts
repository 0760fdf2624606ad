/** Answers and problems as HTTP: status line, headers in one pass, text as it is. https://hl7.org/fhir/R4/http.html */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

import type { Language } from '../../fhir/index.ts'
import type { Failure } from '../../kernel/failure.ts'
import type { BinaryPlace } from '../../store/index.ts'
import { sendNative, sendText } from './binary/index.ts'
import { etagOf, httpDate } from './etag.ts'
import type { AnswerFormat } from './formats.ts'
import type { Answer } from './interaction.ts'
import { problemText } from './outcome-text.ts'
import { statusOf } from './status.ts'

/** Patient data: not to be kept by caches, guessed at, or framed. */
const FIXED_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

const RETRY_AFTER_SECONDS = '2'

/** @param placesIn where in a text bytes belong that are elsewhere */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  { format, contentType, pretty }: AnswerFormat,
  placesIn: (text: string) => Promise<readonly BinaryPlace[]>,
): Promise<void> {
  const { status, version, lastUpdated, location, etag, native } = answer
  const headers: OutgoingHttpHeaders = { ...FIXED_HEADERS, ...answer.headers }
  if (version !== undefined) headers['ETag'] = etagOf(version)
  else if (etag !== undefined) headers['ETag'] = etag
  if (lastUpdated !== undefined) headers['Last-Modified'] = httpDate(lastUpdated)
  if (location !== undefined) headers['Location'] = location
  // The client may have gone while we were working.
  if (response.headersSent || response.destroyed) return
  if (native !== undefined) return sendNative(response, status, headers, native)
  const body = answer.body ?? answer.outcome
  if (body === undefined) return sendNothing(response, status, headers)
  const text = format.write(body, pretty)
  headers['Content-Type'] = contentType
  return sendText(response, status, headers, text, await placesIn(text))
}

/** To OPTIONS: which methods the path has. RFC 9110 §9.3.7 */
export function sendMethods(response: ServerResponse, allow: readonly string[]): void {
  response.writeHead(204, { ...FIXED_HEADERS, Allow: [...allow, 'OPTIONS'].join(', ') }).end()
}

export function sendProblem(
  response: ServerResponse,
  failure: Failure,
  language: Language,
  format: AnswerFormat,
): void {
  const status = statusOf(failure)
  if (response.headersSent || response.destroyed) return
  const headers: OutgoingHttpHeaders = { ...FIXED_HEADERS, 'Content-Language': language }
  if (status === 401) headers['WWW-Authenticate'] = challenge(failure)
  if (status === 403 && failure.code === 'scope-insufficient') {
    headers['WWW-Authenticate'] = 'Bearer realm="passerelle", error="insufficient_scope"'
  }
  if (status === 405 && typeof failure.params['allow'] === 'string')
    headers['Allow'] = failure.params['allow']
  if (status === 416) headers['Content-Range'] = `bytes */${failure.params['size']}`
  if (status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS
  const text = format.format.write(problemText(failure, language), format.pretty)
  headers['Content-Type'] = format.contentType
  headers['Content-Length'] = Buffer.byteLength(text)
  response.writeHead(status, headers).end(text)
}

/** RFC 6750 §3: no error code when there was no token at all. */
function challenge({ code }: Failure): string {
  return code === 'token-missing'
    ? 'Bearer realm="passerelle"'
    : 'Bearer realm="passerelle", error="invalid_token"'
}

function sendNothing(response: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  if (status !== 204 && status !== 304) headers['Content-Length'] = 0
  response.writeHead(status, headers).end()
}
