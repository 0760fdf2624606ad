/** The listening HTTP server: limits against slow and endless requests, and a stop that loses none in flight. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Failure } from '../kernel/failure.ts'
import type { HttpSettings } from './settings.ts'

export interface HttpServer extends AsyncDisposable {
  /**
   * Resolves when it listens; `port` is the real one.
   * @throws Failure `unavailable`/`port-in-use`
   */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>
  /** Takes no new connections, answers what is in flight, closes the rest. */
  stop(): Promise<void>
}

/** A client that can't send its headers in this time isn't going to. */
const HEADERS_TIMEOUT_MS = 20_000
/** Long enough for 64 MB over a slow line. */
const REQUEST_TIMEOUT_MS = 300_000
/** Longer than the usual proxy's, so that it is the proxy that closes. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
const IDLE_SWEEP_MS = 50
/** Room for a search of a few hundred values in the URL; longer ones go by POST. */
const MAX_HEADER_BYTES = 64 * 1024

export function makeHttpServer(
  app: RequestListener,
  { stopTimeoutMs }: Pick<HttpSettings, 'stopTimeoutMs'>,
): HttpServer {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 5000,
      noDelay: true,
    },
    app,
  )
  // Only the FHIR edge decides by the headers whether it wants the body.
  server.on('checkContinue', (request, response) => {
    if (!request.url?.startsWith('/t/')) response.writeContinue()
    app(request, response)
  })
  let stopping: Promise<void> | undefined

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
    server.close()
    // A connection whose last answer went out before the stop is idle only a moment later.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
    const deadline = setTimeout(() => server.closeAllConnections(), stopTimeoutMs)
    await closed
    clearInterval(sweep)
    clearTimeout(deadline)
  }

  return {
    async listen(host, port) {
      server.listen(port, host)
      try {
        await once(server, 'listening')
      } catch (cause) {
        throw listenFailure(cause, host, port)
      }
      const address = server.address() as AddressInfo
      return { host: address.address, port: address.port }
    },
    stop: () => (stopping ??= stop()),
    [Symbol.asyncDispose]() {
      return this.stop()
    },
  }
}

function listenFailure(cause: unknown, host: string, port: number): Failure {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') return new Failure('unavailable', 'port-in-use', { host, port }, { cause })
  if (code === 'EACCES') return new Failure('unavailable', 'port-not-permitted', { host, port }, { cause })
  return new Failure('unavailable', 'listen-failed', { host, port }, { cause })
}
