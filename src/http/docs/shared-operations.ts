/** The routes beside FHIR that are always there. */
import type { Operation } from './openapi.ts'

const GRANTED = {
  200: 'A token',
  400: 'The request is wrong',
  401: 'Unknown client or wrong secret',
  429: 'Too many failures',
}

export const sharedOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/oauth2/token',
    tag: 'Access',
    summary: 'An access token for a confidential client (client_credentials)',
    secured: false,
    headers: ['Authorization'],
    accepts: ['application/x-www-form-urlencoded'],
    answers: GRANTED,
  },
  readOnly('/oauth2/jwks', 'Access', 'The public keys that tokens are signed with'),
  readOnly('/.well-known/smart-configuration', 'Access', 'Where tokens come from'),
  readOnly(
    '/t/{tenant}/fhir/.well-known/smart-configuration',
    'Access',
    'Where tokens for this tenant come from',
  ),
  readOnly('/health', 'Operation', 'Every part and whether it works', { 503: 'Some part does not' }),
  readOnly('/health/live', 'Operation', 'The process runs'),
  readOnly('/health/ready', 'Operation', 'Requests can be served', { 503: 'Not now' }),
  { ...readOnly('/metrics', 'Operation', 'Measurements for Prometheus'), produces: ['text/plain'] },
  readOnly('/api/openapi.json', 'Documentation', 'This document'),
  { ...readOnly('/api/docs', 'Documentation', 'The same as a page'), produces: ['text/html'] },
]

function readOnly(
  path: string,
  tag: string,
  summary: string,
  problems: Operation['answers'] = {},
): Operation {
  return { method: 'get', path, tag, summary, secured: false, answers: { 200: 'Done', ...problems } }
}
