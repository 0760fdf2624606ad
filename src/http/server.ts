/** The listening HTTP server: limits against slow and endless requests, and a stop that loses none in flight. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

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
/** Room for a search of a few hundred values in the URL; longer ones go by POST. */
const MAX_HEADER_BYTES = 64 * 1024

export function makeHttpServer(
  app: RequestListener,
  { stopTimeoutMs }: Pick<HttpSettings, 'stopTimeoutMs'>,
): HttpServer {
  // Node counts a connection that never sent anything as active, so who is idle is told here.
  const inFlight = new Map<Socket, number>()
  let stopped: Promise<void> | undefined

  const serve: RequestListener = (request, response) => {
    const { socket } = request
    inFlight.set(socket, (inFlight.get(socket) ?? 0) + 1)
    if (stopped) response.setHeader('Connection', 'close')
    response.once('close', () => {
      const left = (inFlight.get(socket) ?? 1) - 1
      if (!socket.destroyed) inFlight.set(socket, left)
      if (stopped && left === 0) socket.destroySoon()
    })
    app(request, response)
  }

  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 5000,
      noDelay: true,
    },
    serve,
  )
  server.on('connection', (socket) => {
    inFlight.set(socket, 0)
    socket.once('close', () => inFlight.delete(socket))
  })
  // Only the FHIR edge decides by the headers whether it wants the body.
  server.on('checkContinue', (request, response) => {
    if (!request.url?.startsWith('/t/')) response.writeContinue()
    serve(request, response)
  })

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const [socket, requests] of inFlight) if (requests === 0) socket.destroy()
    const deadline = setTimeout(() => server.closeAllConnections(), stopTimeoutMs)
    await closed
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
    stop: () => (stopped ??= stop()),
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
