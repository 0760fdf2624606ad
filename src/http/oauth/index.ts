/** The routes of OAuth 2: the token endpoint, the public keys, the discovery documents. None of them needs a token. */
import { Router, type Request, type Response } from 'express'

import type { SigningKeys } from '../../access/index.ts'
import { smartConfiguration } from './discovery.ts'
import { tokenRoute, type TokenRouteDeps } from './token.ts'

export interface OAuthRouterDeps extends TokenRouteDeps {
  readonly keys: Pick<SigningKeys, 'jwks'>
  /** `https://host[:port]` as the client sees it. */
  originOf(request: Request): string
}

export function oauthRouter(deps: OAuthRouterDeps): Router {
  const router = Router({ caseSensitive: true })
  router.post('/oauth2/token', tokenRoute(deps))
  router.all('/oauth2/token', onlyBy('POST'))
  router.get('/oauth2/jwks', async (_request, response) => {
    // Ten minutes: a rotated key signs at once here, so verifiers ask again for a key id that they don't know.
    response.set('Cache-Control', 'public, max-age=600').type('application/jwk-set+json')
    response.send(JSON.stringify(await deps.keys.jwks()))
  })
  router.all('/oauth2/jwks', onlyBy('GET'))
  router.get(DISCOVERY, (request, response) => {
    response.set({ 'Cache-Control': 'public, max-age=600', Vary: 'Host', 'Access-Control-Allow-Origin': '*' })
    response.json(smartConfiguration(deps.originOf(request)))
  })
  router.all(DISCOVERY, onlyBy('GET'))
  return router
}

const DISCOVERY = [
  '/.well-known/smart-configuration',
  '/.well-known/oauth-authorization-server',
  '/t/:tenant/fhir/.well-known/smart-configuration',
]

function onlyBy(method: 'GET' | 'POST') {
  return (_request: Request, response: Response): void => {
    response
      .set('Allow', method)
      .status(405)
      .json({ error: 'invalid_request', error_description: `use ${method}` })
  }
}
