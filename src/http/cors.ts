/** CORS for browser applications with bearer tokens: no cookies, so no credentials. https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { IncomingMessage, ServerResponse } from 'node:http'

const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const ALLOWED_HEADERS = [
  'Accept',
  'Accept-Language',
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-Modified-Since',
  'If-None-Exist',
  'If-None-Match',
  'If-Range',
  'Prefer',
  'Range',
  'X-Request-Id',
  'X-Security-Context',
].join(', ')
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Allow',
  'Content-Disposition',
  'Content-Location',
  'Content-Range',
  'ETag',
  'Expires',
  'Last-Modified',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'X-Progress',
  'X-Request-Id',
  'X-Security-Context',
].join(', ')

/** Writes the CORS headers where the request's origin is one of `origins`. True: it was a preflight, now answered. */
export function makeCors(
  origins: readonly string[],
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const any = origins.includes('*')
  const allowed = new Set(origins)

  return (request, response) => {
    const { origin } = request.headers
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
    if (origin !== undefined && (any || allowed.has(origin))) {
      response.setHeader('Access-Control-Allow-Origin', any ? '*' : origin)
      if (!any) response.setHeader('Vary', 'Origin')
      response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
      if (isPreflight) {
        response.setHeader('Access-Control-Allow-Methods', ALLOWED_METHODS)
        response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS)
        response.setHeader('Access-Control-Max-Age', '600')
      }
    }
    if (!isPreflight) return false
    response.writeHead(204).end()
    return true
  }
}
