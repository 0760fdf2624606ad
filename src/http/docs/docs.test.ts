import { expect, test } from 'vitest'

import { makeInteractions } from '../fhir/interactions.ts'
import { openApiDocument, operationsOf } from './openapi.ts'
import { docsPage } from './page.ts'
import { sharedOperations } from './shared-operations.ts'

const described = {
  version: '1.2.3',
  interactions: makeInteractions(),
  mediaTypes: ['application/fhir+json', 'application/fhir+xml'],
  resourceTypes: ['Observation', 'Patient'],
  operations: sharedOperations,
}

test('every route of every interaction is documented', () => {
  const { paths } = openApiDocument(described, 'https://fhir.example') as {
    paths: Record<string, Record<string, unknown>>
  }
  for (const { routes } of described.interactions) {
    for (const { method, path } of routes) {
      expect(paths[`/t/{tenant}/fhir${path}`]?.[method.toLowerCase()]).toMatchObject({ tags: ['FHIR'] })
    }
  }
})

test('the document says who needs a token and which types there are', () => {
  const document = openApiDocument(described, 'https://fhir.example')
  expect(document).toMatchObject({
    openapi: '3.1.1',
    info: { version: '1.2.3' },
    servers: [{ url: 'https://fhir.example' }],
    paths: {
      '/t/{tenant}/fhir/metadata': { get: { security: [] } },
      '/t/{tenant}/fhir/{type}/{id}': {
        get: {
          security: [{ token: [] }],
          parameters: expect.arrayContaining([
            {
              name: 'type',
              in: 'path',
              required: true,
              schema: { type: 'string', enum: ['Observation', 'Patient'] },
            },
          ]),
        },
        put: { requestBody: { content: { 'application/fhir+json': {}, 'application/fhir+xml': {} } } },
      },
      '/oauth2/token': { post: { security: [] } },
    },
  })
})

test('the page shows each operation and loads nothing', () => {
  const page = docsPage('1.2.3', operationsOf(described))
  for (const { path } of operationsOf(described)) expect(page).toContain(path)
  expect(page).not.toMatch(/<script|src=|https?:/)
})
