/** The MLLP listener: accepts, limits and counts connections, plain or with (mutual) TLS. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from 'node:tls'

import { systemClock, type Clock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import { makeConnection, type Connection, type ConnectionStatus, type FrameHandlers } from './connection.ts'
import type { MllpEvent, RefusalReason } from './events.ts'
import { addressOf, makeAllowList, makeCertificateList, peerOf } from './peer.ts'

export interface MllpServerTls {
  readonly key: string | Buffer
  readonly cert: string | Buffer
  /** Who may have signed a client's certificate. */
  readonly ca?: string | Buffer | undefined
  /** Mutual TLS: only clients with a certificate of `ca` get in. */
  readonly requireClientCertificate?: boolean | undefined
  /** Which of them: fingerprints or names, see makeCertificateList. Default: all. */
  readonly clients?: readonly string[] | undefined
}

export interface MllpServerOptions extends FrameHandlers {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly log: Log
  readonly clock?: Clock | undefined
  /** Default 16 MiB. */
  readonly maxFrameBytes?: number | undefined
  /** See FrameOptions. */
  readonly requireFinalCr?: boolean | undefined
  /** Default 200. */
  readonly maxConnections?: number | undefined
  /** Of one address. Default: as many as in all. */
  readonly maxConnectionsPerPeer?: number | undefined
  /** A connection without traffic is closed after this time; 0 keeps it for ever. Default 15 minutes. */
  readonly idleTimeoutMs?: number | undefined
  /** Frames of one connection that are handled at the same time. Default 64. */
  readonly maxInFlight?: number | undefined
  /** What the unfinished frames of all connections may hold together. Default 256 MiB. */
  readonly maxHeldBytes?: number | undefined
  /** How long dispose waits for answers in flight. Default 10 s. */
  readonly drainTimeoutMs?: number | undefined
  /** Addresses and networks that may connect. Default: all. */
  readonly allow?: readonly string[] | undefined
  readonly tls?: MllpServerTls | undefined
  /** For metrics. */
  readonly observe?: ((event: MllpEvent) => void) | undefined
}

export interface MllpServer extends AsyncDisposable {
  readonly port: number
  connections(): ConnectionStatus[]
}

const KEEP_ALIVE_MS = 30_000
const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * Listens. Disposing stops accepting, answers what is in flight, then closes every connection.
 * @throws Failure `unavailable`/`port-in-use`, `listen`; `invalid`/`mllp-allow`, `mllp-tls`
 */
export async function listenMllp(options: MllpServerOptions): Promise<MllpServer> {
  const { host, log, observe = () => {}, maxConnections = 200, drainTimeoutMs = 10_000 } = options
  const connections = new Set<Connection>()
  // All that were admitted, those whose TLS handshake still runs too.
  const sockets = new Set<Socket>()
  const allowed = makeAllowList(options.allow)
  const admission = makeAdmission(allowed, options.maxConnectionsPerPeer ?? maxConnections)
  const memory = { maxBytes: options.maxHeldBytes ?? 256 * 1024 * 1024, usedBytes: 0 }
  let count = 0

  function refuse(reason: RefusalReason, address: string): void {
    observe({ kind: 'refused', reason })
    log.warn({ peer: address, reason }, 'connection refused')
  }

  function accept(socket: Socket): void {
    const connection = makeConnection(socket, peerOf(socket, ++count), {
      handle: options.handle,
      broken: options.broken,
      maxFrameBytes: options.maxFrameBytes,
      requireFinalCr: options.requireFinalCr,
      maxInFlight: options.maxInFlight ?? 64,
      memory,
      idleTimeoutMs: options.idleTimeoutMs ?? 15 * 60_000,
      clock: options.clock ?? systemClock,
      log,
      observe,
    })
    connections.add(connection)
    observe({ kind: 'opened' })
    void forget(connection)
  }

  async function forget(connection: Connection): Promise<void> {
    await connection.closed
    connections.delete(connection)
    observe({ kind: 'closed' })
  }

  const welcome = options.tls === undefined ? accept : secured(options.tls, accept, refuse)
  const server = makeServer((socket) => {
    const refusal = admission(socket)
    if (refusal === undefined) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      welcome(socket)
    } else {
      refuse(refusal, addressOf(socket))
      socket.destroy()
    }
  })
  server.maxConnections = maxConnections
  server.on('drop', (dropped) => refuse('too-many', dropped?.remoteAddress ?? ''))
  await listening(server, host, options.port)
  const { port } = server.address() as AddressInfo
  log.info({ protocol: options.tls ? 'mllps' : 'mllp', host, port }, 'listening')

  return {
    port,
    connections: () => [...connections].map((connection) => connection.status()),
    async [Symbol.asyncDispose]() {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const connection of connections) connection.drain()
      const impatience = setTimeout(() => {
        for (const connection of connections) connection.destroy()
      }, drainTimeoutMs)
      await Promise.all([...connections].map(({ closed }) => closed))
      clearTimeout(impatience)
      for (const socket of sockets) socket.destroy()
      await stopped
    },
  }
}

/** A sender may close its sending side after the last message and still wait for the answer: half-open is allowed. */
function makeServer(accept: (socket: Socket) => void): Server {
  const settings = {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  }
  return createServer(settings, accept)
}

/** Puts TLS between an admitted socket and its connection. */
function secured(
  tls: MllpServerTls,
  accept: (socket: Socket) => void,
  refuse: (reason: 'tls' | 'certificate', address: string) => void,
) {
  const isKnown = makeCertificateList(tls.clients)
  const mutual = tls.requireClientCertificate ?? false
  const server = makeTlsServer({
    key: tls.key,
    cert: tls.cert,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    allowHalfOpen: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    requestCert: mutual,
    rejectUnauthorized: mutual,
  })
  server.on('secureConnection', (socket) => {
    if (isKnown(peerOf(socket, 0).certificate)) return accept(socket)
    refuse('certificate', addressOf(socket))
    socket.destroy()
  })
  server.on('tlsClientError', (_error, socket) => {
    refuse('tls', addressOf(socket))
    socket.destroy()
  })
  return (socket: Socket): void => void server.emit('connection', socket)
}

function makeTlsServer(options: TlsOptions): TlsServer {
  try {
    return createTlsServer(options)
  } catch (cause) {
    throw new Failure('invalid', 'mllp-tls', {}, { cause })
  }
}

type Refusal = 'not-allowed' | 'too-many-of-peer'

/** Counts connections by address and says why one may not come in. */
function makeAdmission(
  allowed: (address: string) => boolean,
  perPeer: number,
): (socket: Socket) => Refusal | undefined {
  const open = new Map<string, number>()
  return (socket) => {
    const address = addressOf(socket)
    if (!allowed(address)) return 'not-allowed'
    const before = open.get(address) ?? 0
    if (before >= perPeer) return 'too-many-of-peer'
    open.set(address, before + 1)
    socket.once('close', () => {
      const left = open.get(address)! - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
    return undefined
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'port-in-use' : 'listen'
      reject(new Failure('unavailable', code, { host, port, reason: error.code }, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}
