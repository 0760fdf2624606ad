/** The DICOM listener: a TCP or TLS port on which associations are accepted. PS3.8 §9.1, PS3.15 Annex B (TLS) */
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

import { DEFAULT_POLICY, type InstanceSink, type NegotiationPolicy } from '../../dicom/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import type { Log } from '../../kernel/log.ts'
import { acceptAssociation, type Association, type DimseAccess } from './acceptor.ts'
import { openLink } from './link.ts'

export interface ListenDimseOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly aeTitles: readonly string[]
  /** Titles that may call; undefined: all. */
  readonly callers?: readonly string[] | undefined
  /** Addresses that may connect; undefined: all. */
  readonly isAllowed?: ((address: string) => boolean) | undefined
  readonly tls?: TlsOptions | undefined
  readonly policy?: NegotiationPolicy
  readonly sink: InstanceSink
  readonly log: Log
  /** Makes an access durable that stores no object: see DimseAccess. */
  readonly accessed: (access: DimseAccess) => Promise<void>
  readonly maxPduLength?: number
  readonly maxAssociations?: number
  readonly associateTimeoutMs?: number
  readonly idleTimeoutMs?: number
  readonly stallTimeoutMs?: number
  /** How long a stop waits for messages in progress. */
  readonly drainMs?: number
}

export interface DimseListener extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** Associations that are open now. */
  associations(): number
}

/** What dcmtk and most modalities can send at most; longer ones bring nothing. */
const MAX_PDU_LENGTH = 128 * 1024

/** Connections beyond the limit of associations that may wait for their refusal. */
const REFUSABLE = 16

/** @throws Failure `unavailable`/`port-in-use` */
export async function listenDimse(options: ListenDimseOptions): Promise<DimseListener> {
  const { maxAssociations = 256, drainMs = 10_000, log, isAllowed } = options
  const acceptor = {
    aeTitles: options.aeTitles,
    callers: options.callers,
    policy: options.policy ?? DEFAULT_POLICY,
    maxPduLength: options.maxPduLength ?? MAX_PDU_LENGTH,
    associateTimeoutMs: options.associateTimeoutMs ?? 10_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 0,
    stallTimeoutMs: options.stallTimeoutMs ?? 60_000,
    sink: options.sink,
    log,
    accessed: options.accessed,
  }
  const open = new Map<Association, Socket>()

  function connected(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    if (isAllowed?.(address) === false) {
      log.warn({ address }, 'connection refused: address not allowed')
      socket.destroy()
      return
    }
    const peer = { id: uuidv7(), address, isFull: open.size >= maxAssociations }
    const association = acceptAssociation(openLink(socket), peer, acceptor)
    open.set(association, socket)
    void association.done.then(() => open.delete(association))
  }

  const server: Server =
    options.tls === undefined ? createServer(connected) : createTlsServer(options.tls, connected)
  server.maxConnections = maxAssociations + REFUSABLE
  // A failed TLS handshake is the client's affair.
  server.on('tlsClientError', () => {})
  await listening(server, options)
  const bound = server.address() as { address: string; port: number }

  return {
    host: bound.address,
    port: bound.port,
    associations: () => open.size,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const association of open.keys()) association.stop()
      const ended = Promise.all([...open.keys()].map(({ done }) => done)).then(() => closed)
      await Promise.race([ended, late(drainMs, ended)])
      for (const socket of open.values()) socket.destroy()
    },
  }
}

/** Resolves after so long, unless the other thing happens first: then nothing is left that keeps the process alive. */
async function late(ms: number, unless: Promise<unknown>): Promise<void> {
  const waiting = new AbortController()
  void unless.finally(() => waiting.abort())
  await sleep(ms, undefined, { signal: waiting.signal }).catch(() => {})
}

async function listening(server: Server, { host, port }: ListenDimseOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Failure('unavailable', 'port-in-use', { host, port }) : error)
    })
    server.listen(port, host, resolve)
  })
}
