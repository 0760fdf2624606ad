/** /api/openapi.json and /api/docs. Neither needs a token: they say how to ask, not what is there. */
import { Router } from 'express'

import { originOf } from '../base-url.ts'
import { exchangeOf } from '../exchange.ts'
import type { HttpSettings } from '../settings.ts'
import { type DocumentedInterface, openApiDocument, operationsOf } from './openapi.ts'
import { docsPage } from './page.ts'

export function docsRouter(described: DocumentedInterface, settings: HttpSettings): Router {
  const page = docsPage(described.version, operationsOf(described))
  const router = Router()
  router.get('/api/openapi.json', (request, response) => {
    exchangeOf(response).route = '/api/openapi.json'
    response.set({
      'Cache-Control': 'public, max-age=600',
      Vary: 'Host',
      'X-Content-Type-Options': 'nosniff',
    })
    response.json(openApiDocument(described, originOf(request, settings)))
  })
  router.get('/api/docs', (_request, response) => {
    exchangeOf(response).route = '/api/docs'
    response.set({
      'Cache-Control': 'public, max-age=600',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    })
    response.type('html').send(page)
  })
  return router
}
