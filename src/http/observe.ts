/** First in line: names the request, bounds how many are in flight, and leaves one log line and one measurement each. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Log } from '../kernel/log.ts'
import { type Exchange, openExchange } from './exchange.ts'

export interface HttpMetrics {
  /** One request answered (or given up by the client: status 499). */
  observe(method: string, route: string, status: number, seconds: number): void
}

export interface ObserveDeps {
  readonly log: Log
  readonly metrics: HttpMetrics
  readonly maxInFlight: number
}

export interface Observer {
  (request: IncomingMessage, response: ServerResponse, next: () => void): void
  /** Requests being answered now. */
  inFlight(): number
}

/** The status that nginx made common for "the client closed the connection first". */
const CLIENT_CLOSED = 499

export function makeObserver({ log, metrics, maxInFlight }: ObserveDeps): Observer {
  let inFlight = 0

  function finish(request: IncomingMessage, response: ServerResponse, exchange: Exchange): void {
    inFlight--
    const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED
    const ms = performance.now() - exchange.startedAt
    const { method = '' } = request
    const { requestId, tenant, client, failure } = exchange
    const route = exchange.route ?? matchedRoute(request)
    metrics.observe(method, route, status, ms / 1000)
    const fields = {
      request: requestId,
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      tenant,
      client,
      failure,
    }
    if (status >= 500) log.warn(fields, 'request')
    else log.info(fields, 'request')
  }

  function observe(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const exchange = openExchange(request, response)
    response.setHeader('X-Request-Id', exchange.requestId)
    inFlight++
    response.once('close', () => finish(request, response, exchange))
    if (inFlight > maxInFlight && !isProbe(request)) {
      exchange.failure = 'too-much-in-flight'
      response.writeHead(503, { 'Retry-After': '1', 'Content-Length': '0' }).end()
      request.resume()
    } else {
      next()
    }
  }
  return Object.assign(observe, { inFlight: () => inFlight })
}

/** The pattern that Express matched, for parts that didn't name theirs. */
function matchedRoute(request: IncomingMessage & { route?: { path?: unknown } }): string {
  const path = request.route?.path
  return typeof path === 'string' ? path : Array.isArray(path) ? String(path[0]) : 'unmatched'
}

/** A loaded server is alive, and has to be able to say so. */
function isProbe({ url = '' }: IncomingMessage): boolean {
  return url.startsWith('/health') || url === '/metrics'
}
