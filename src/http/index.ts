/** The HTTP edge: FHIR, and the routers that other parts bring. */
export { makeHttp, type HttpDeps } from './http.ts'
export { addressOf, originOf } from './base-url.ts'
export { exchangeOf } from './exchange.ts'
export type { HttpMetrics } from './observe.ts'
export type { HttpServer } from './server.ts'
export { defaultHttpSettings, type HttpSettings } from './settings.ts'
