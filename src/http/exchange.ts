/** What is known about a request while it is being answered: for its log line, its metrics and its audit row. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { uuidv7 } from '../kernel/ids.ts'

export interface Exchange {
  readonly requestId: string
  /** Monotonic milliseconds. */
  readonly startedAt: number
  /** The pattern, `/t/:tenant/fhir/{type}/{id}`: a raw URL holds ids and search values, which are patient data. */
  route?: string
  tenant?: string
  client?: string
  /** Code of the Failure that was answered. */
  failure?: string
}

const exchanges = Symbol('exchange')
type Tracked = ServerResponse & { [exchanges]?: Exchange }

/** Clients may name their request, to find it again in our log. */
const REQUEST_ID = /^[\w.:-]{1,64}$/

export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const given = request.headers['x-request-id']
  const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv7()
  const exchange: Exchange = { requestId, startedAt: performance.now() }
  ;(response as Tracked)[exchanges] = exchange
  return exchange
}

/** The exchange that openExchange made for this response. */
export function exchangeOf(response: ServerResponse): Exchange {
  const exchange = (response as Tracked)[exchanges]
  if (exchange === undefined) throw new Error('the request passed no openExchange')
  return exchange
}
