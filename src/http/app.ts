/** The Express application: what every request passes, and where each part hangs. */
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'

import { asFailure } from '../kernel/failure.ts'
import type { Log } from '../kernel/log.ts'
import { makeCors } from './cors.ts'
import { exchangeOf } from './exchange.ts'
import type { FhirHandler } from './fhir/handler.ts'
import { statusOf } from './fhir/status.ts'
import type { Observer } from './observe.ts'
import type { HttpSettings } from './settings.ts'
import { logUnexpected } from './unexpected.ts'

export interface AppDeps {
  readonly settings: HttpSettings
  readonly log: Log
  readonly observe: Observer
  readonly fhir: FhirHandler
  /** Routers of other parts, with paths from the root: OAuth, probes, administration, documentation. Asked in order, before FHIR. */
  readonly routers: readonly RequestHandler[]
}

export function makeApp({ settings, log, observe, fhir, routers }: AppDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.set('trust proxy', settings.trustProxy)

  const cors = makeCors(settings.corsOrigins)
  app.use(observe)
  app.use((request, response, next) => {
    if (!cors(request, response)) next()
  })
  for (const router of routers) app.use(router)
  app.use('/t/:tenant/fhir', (request, response) => fhir(request, response, request.params.tenant))
  app.use(notFound)
  app.use(makeErrorHandler(log))
  return app
}

const notFound: RequestHandler = (_request, response) => {
  exchangeOf(response).failure = 'path-unknown'
  sendError(response, 404, 'path-unknown')
}

/** For parts outside FHIR that let an error through: its code, and nothing that it says. */
function makeErrorHandler(log: Log): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    const exchange = exchangeOf(response)
    const failure = asFailure(thrown)
    const status = clientError(thrown) ?? statusOf(failure)
    exchange.failure = status < 500 && failure.kind === 'internal' ? 'request-malformed' : failure.code
    if (status >= 500) logUnexpected(log, failure, exchange.requestId)
    if (!response.headersSent) sendError(response, status, exchange.failure)
    else response.destroy()
  }
}

/** Express' own errors (a path that can't be decoded, a form over its limit) carry their status. */
function clientError(thrown: unknown): number | undefined {
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}

function sendError(response: express.Response, status: number, code: string): void {
  response
    .status(status)
    .set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    .json({ error: code })
}
