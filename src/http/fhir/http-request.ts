/** What an HTTP request says beside its body. */
import type { IncomingMessage } from 'node:http'

import { answerType, FHIR_JSON } from '../media-type.ts'
import type { Conditions } from './interaction.ts'
import { type Preference, returnPreference } from './prefer.ts'
import type { AnswerFormat } from './send.ts'

const DEFAULT_FORMAT: AnswerFormat = { contentType: FHIR_JSON, pretty: false }

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

export function conditionsOf({ headers }: IncomingMessage): Conditions {
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifNoneExist: single(headers['if-none-exist']),
  }
}

export function preferenceOf({ headers }: IncomingMessage): Preference | undefined {
  return returnPreference(single(headers['prefer']))
}

/**
 * @param query with what a form added
 * @throws Failure `unsupported`/`not-acceptable`
 */
export function formatOf({ headers: { accept } }: IncomingMessage, query: string): AnswerFormat {
  if (!query.includes('_format') && !query.includes('_pretty')) {
    const contentType = answerType(accept, undefined)
    return contentType === FHIR_JSON ? DEFAULT_FORMAT : { contentType, pretty: false }
  }
  const parameters = new URLSearchParams(query)
  return {
    contentType: answerType(accept, parameters.get('_format') ?? undefined),
    pretty: parameters.get('_pretty') === 'true',
  }
}

/** A problem is told in JSON, also to who asked for something else. */
export function problemFormat(request: IncomingMessage): AnswerFormat {
  try {
    return formatOf(request, queryOf(request))
  } catch {
    return DEFAULT_FORMAT
  }
}
