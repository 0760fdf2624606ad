/** POST /oauth2/token: the token endpoint over HTTP. RFC 6749 §3.2, §5. */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express'

import type { TokenAnswer, TokenEndpoint, TokenRefused } from '../../access/index.ts'
import { asFailure } from '../../kernel/failure.ts'

export interface TokenRouteDeps {
  readonly endpoint: TokenEndpoint
  addressOf(request: Request): string
  requestIdOf(request: Request): string | undefined
}

/** A form of the grant has five short fields. */
const MAX_FORM_BYTES = 16_384

export function tokenRoute(deps: TokenRouteDeps): (RequestHandler | ErrorRequestHandler)[] {
  const answerRequest: RequestHandler = async (request, response) => {
    const answer = await deps.endpoint.answer({
      // Another content type leaves no body, and the endpoint then misses grant_type: invalid_request, as it should be.
      body: new URLSearchParams(typeof request.body === 'string' ? request.body : ''),
      authorization: request.headers.authorization,
      address: deps.addressOf(request),
      requestId: deps.requestIdOf(request),
    })
    send(response, answer)
  }
  // As text: URLSearchParams keeps parameters that are given twice, which the RFC forbids and a parsed form hides.
  return [express.text({ type: FORM, limit: MAX_FORM_BYTES }), answerRequest, unreadableForm]
}

const FORM = 'application/x-www-form-urlencoded'

function send(response: Response, answer: TokenAnswer): void {
  if ('refused' in answer) {
    sendRefusal(response, answer.refused)
    return
  }
  const { accessToken, expiresIn, scope } = answer.granted
  noStore(response).json({ access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope })
}

function sendRefusal(response: Response, refused: Omit<TokenRefused, 'status'> & { status: number }): void {
  const { status, error, description, retryAfterSeconds, challenge } = refused
  if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds))
  if (challenge === true) response.set('WWW-Authenticate', 'Basic realm="passerelle", charset="UTF-8"')
  noStore(response).status(status).json({ error, error_description: description })
}

/** RFC 6749 §5.1: tokens must not be kept by a cache. */
function noStore(response: Response): Response {
  return response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
}

/** What express could not read of the form (too large, cut off, unknown charset), and what is away behind us. */
const unreadableForm: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error)
    return
  }
  const status = (error as { status?: unknown }).status
  if (typeof status === 'number' && status >= 400 && status < 500) {
    sendRefusal(response, { status, error: 'invalid_request', description: 'the form cannot be read' })
  } else if (asFailure(error).kind === 'unavailable') {
    const description = 'a part that is needed is away'
    sendRefusal(response, {
      status: 503,
      error: 'temporarily_unavailable',
      description,
      retryAfterSeconds: 5,
    })
  } else {
    next(error)
  }
}
