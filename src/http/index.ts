/** The HTTP edge: FHIR, and the routers that other parts bring. */
export { makeHttp, type HttpDeps } from './http.ts'
export type { HttpMetrics } from './observe.ts'
export type { HttpServer } from './server.ts'
export { defaultHttpSettings, type HttpSettings } from './settings.ts'
