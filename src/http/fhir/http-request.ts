/** What an HTTP request says beside its body. */
import type { IncomingMessage } from 'node:http'

import type { AnswerFormat, Formats } from './formats.ts'
import type { Conditions } from './interaction.ts'
import { isAsyncPreferred, isHandlingLenient, type Preference, returnPreference } from './prefer.ts'

/** The query string as received, without `?`. */
export function queryOf({ url = '' }: IncomingMessage): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}

export function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end < 0 ? url : url.slice(0, end)
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

export function conditionsOf({ method, headers }: IncomingMessage): Conditions {
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifNoneExist: single(headers['if-none-exist']),
    // RFC 9110 §14.2: of other methods it is ignored.
    ...(method === 'GET' && { range: headers.range, ifRange: single(headers['if-range']) }),
  }
}

/** What isn't understood in a search is ignored. https://hl7.org/fhir/R4/search.html#errors */
export function isLenient({ headers }: IncomingMessage): boolean {
  return isHandlingLenient(single(headers['prefer']))
}

/** https://hl7.org/fhir/R4/async.html */
export function wantsAsync({ headers }: IncomingMessage): boolean {
  return isAsyncPreferred(single(headers['prefer']))
}

export function preferenceOf({ headers }: IncomingMessage): Preference | undefined {
  return returnPreference(single(headers['prefer']))
}

/**
 * @param query with what a form added
 * @throws Failure `unsupported`/`not-acceptable`
 */
export function formatOf(
  formats: Formats,
  { headers: { accept } }: IncomingMessage,
  query: string,
): AnswerFormat {
  if (!query.includes('_format') && !query.includes('_pretty')) {
    return formats.ofAnswer(accept, undefined, false)
  }
  const parameters = new URLSearchParams(query)
  const format = parameters.get('_format') ?? undefined
  return formats.ofAnswer(accept, format, parameters.get('_pretty') === 'true')
}

/** A problem is told in the format that was asked for; who asked for one that isn't there is told in the default. */
export function problemFormat(formats: Formats, request: IncomingMessage): AnswerFormat {
  try {
    return formatOf(formats, request, queryOf(request))
  } catch {
    return formats.byDefault
  }
}
