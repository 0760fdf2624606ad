/** Answers and problems as HTTP: status line, headers in one pass, text as it is. https://hl7.org/fhir/R4/http.html */
import type { ServerResponse } from 'node:http'

import type { Language } from '../../fhir/index.ts'
import type { Failure } from '../../kernel/failure.ts'
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

export function sendAnswer(response: ServerResponse, answer: Answer, format: AnswerFormat): void {
  const { status, version, lastUpdated, location, etag } = answer
  const headers: Record<string, string | number> = { ...FIXED_HEADERS }
  if (version !== undefined) headers['ETag'] = etagOf(version)
  else if (etag !== undefined) headers['ETag'] = etag
  if (lastUpdated !== undefined) headers['Last-Modified'] = httpDate(lastUpdated)
  if (location !== undefined) headers['Location'] = location
  send(response, status, headers, answer.body ?? answer.outcome, format)
}

export function sendProblem(
  response: ServerResponse,
  failure: Failure,
  language: Language,
  format: AnswerFormat,
): void {
  const status = statusOf(failure)
  const headers: Record<string, string | number> = { ...FIXED_HEADERS, 'Content-Language': language }
  if (status === 401) headers['WWW-Authenticate'] = challenge(failure)
  if (status === 403 && failure.code === 'scope-insufficient') {
    headers['WWW-Authenticate'] = 'Bearer realm="passerelle", error="insufficient_scope"'
  }
  if (status === 405 && typeof failure.params['allow'] === 'string')
    headers['Allow'] = failure.params['allow']
  if (status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS
  send(response, status, headers, problemText(failure, language), format)
}

/** RFC 6750 §3: no error code when there was no token at all. */
function challenge({ code }: Failure): string {
  return code === 'token-missing'
    ? 'Bearer realm="passerelle"'
    : 'Bearer realm="passerelle", error="invalid_token"'
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  body: string | undefined,
  { format, contentType, pretty }: AnswerFormat,
): void {
  // The client may have gone while we were working.
  if (response.headersSent || response.destroyed) return
  if (body === undefined) {
    if (status !== 204 && status !== 304) headers['Content-Length'] = 0
    response.writeHead(status, headers).end()
    return
  }
  const text = format.write(body, pretty)
  headers['Content-Type'] = contentType
  headers['Content-Length'] = Buffer.byteLength(text)
  response.writeHead(status, headers).end(text)
}
