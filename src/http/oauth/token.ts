/** POST /oauth2/token: the token endpoint over HTTP. RFC 6749 §3.2, §5. */
import express, { type NextFunction, type Request, type Response } from 'express'

import type { TokenAnswer, TokenEndpoint, TokenRefused } from '../../access/index.ts'
import { asFailure } from '../../kernel/failure.ts'

export interface TokenRouteDeps {
  readonly endpoint: TokenEndpoint
  addressOf(request: Request): string
  requestIdOf(request: Request): string | undefined
}

export function tokenRoute({ endpoint, addressOf, requestIdOf }: TokenRouteDeps) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const form = await readForm(request, response)
    try {
      const answer = await endpoint.answer({
        body: form.body,
        authorization: request.headers.authorization,
        address: addressOf(request),
        requestId: requestIdOf(request),
      })
      send(response, form.unreadable === undefined ? answer : unreadable(form.unreadable))
    } catch (error) {
      if (asFailure(error).kind === 'unavailable') sendRefusal(response, AWAY)
      else next(error)
    }
  }
}

interface Form {
  readonly body: URLSearchParams
  /** The status of what could not be read: too large, cut off, an unknown charset. It is put on record as an empty one. */
  readonly unreadable?: number
}

// As text: URLSearchParams keeps parameters that are given twice, which the RFC forbids and a parsed form hides.
// A form of the grant has five short fields.
const parseText = express.text({ type: 'application/x-www-form-urlencoded', limit: '16kb' })

/** Another content type leaves an empty form, and the endpoint misses grant_type: invalid_request, as it should be. */
async function readForm(request: Request, response: Response): Promise<Form> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  parseText(request, response, resolve)
  const error = (await promise) as { status?: number } | undefined
  if (error !== undefined) return { body: new URLSearchParams(), unreadable: error.status ?? 400 }
  return { body: new URLSearchParams(typeof request.body === 'string' ? request.body : '') }
}

type Refusal = Omit<TokenRefused, 'status'> & { readonly status: number }

const AWAY: Refusal = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'a part that is needed is away',
  retryAfterSeconds: 5,
}

function unreadable(status: number): { refused: Refusal } {
  return { refused: { status, error: 'invalid_request', description: 'the form cannot be read' } }
}

function send(response: Response, answer: TokenAnswer | { refused: Refusal }): void {
  if ('refused' in answer) {
    sendRefusal(response, answer.refused)
    return
  }
  const { accessToken, expiresIn, scope } = answer.granted
  noStore(response).json({ access_token: accessToken, token_type: 'Bearer', expires_in: expiresIn, scope })
}

function sendRefusal(response: Response, refused: Refusal): void {
  const { status, error, description, retryAfterSeconds, challenge } = refused
  if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds))
  if (challenge === true) response.set('WWW-Authenticate', 'Basic realm="passerelle", charset="UTF-8"')
  noStore(response).status(status).json({ error, error_description: description })
}

/** RFC 6749 §5.1: tokens must not be kept by a cache. */
function noStore(response: Response): Response {
  return response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
}
