/**
 * The MLLP sender over a socket of our own: see exchange.ts for what is waited for, and when the connection is closed. A
 * sender that wants to go on makes a new one.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { frame, makeFrameDecoder } from '../../hl7/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { type Delivery, type Exchange, type ExchangeOptions, makeExchange } from './exchange.ts'

export interface MllpClientTls {
  /** Who must have signed the server's certificate. Default: the authorities that Node knows. */
  readonly ca?: string | Buffer | undefined
  /** Mutual TLS. */
  readonly key?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly servername?: string | undefined
}

export interface MllpClientOptions extends ExchangeOptions {
  readonly host: string
  readonly port: number
  readonly tls?: MllpClientTls | undefined
  /** Default 10 s. */
  readonly connectTimeoutMs?: number | undefined
  readonly maxFrameBytes?: number | undefined
}

export interface MllpClient extends AsyncDisposable {
  /**
   * Sends a message and gives the answers that it asks for, whatever their codes. Those that it asks for on success or on
   * error only are not waited for. Calls beyond the window wait for their turn.
   * @throws Failure `timeout`/`mllp-answer-timeout`; `unavailable`/`mllp-closed`, `mllp-answer-mismatch`
   */
  deliver(message: Buffer): Promise<Delivery>
  /** The same, giving the last answer. @throws Failure `invalid`/`mllp-no-answer` too: the message asks for none */
  send(message: Buffer): Promise<Buffer>
  /** False once the connection is gone. */
  readonly open: boolean
}

/** @throws Failure `unavailable`/`mllp-connect`, `timeout`/`mllp-connect-timeout` */
export async function connectMllp(options: MllpClientOptions): Promise<MllpClient> {
  const socket = await connected(options)
  const decoder = makeFrameDecoder({ maxFrameBytes: options.maxFrameBytes })
  const exchange = makeExchange(
    { write: (body) => void socket.write(frame(body)), close: () => void socket.destroy() },
    options,
  )
  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) {
      if (event.kind === 'frame') exchange.receive(event.body)
      else if (event.kind === 'oversize')
        exchange.fail(new Failure('unavailable', 'mllp-answer-mismatch', { reason: 'too long' }))
    }
  })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    exchange.fail(new Failure('unavailable', 'mllp-closed', { reason: error.code })),
  )
  socket.on('close', () => exchange.fail(new Failure('unavailable', 'mllp-closed')))
  return clientOver(exchange)
}

/** The client's face of an exchange. */
export function clientOver(exchange: Pick<Exchange, 'deliver' | 'fail' | 'open'>): MllpClient {
  return {
    get open() {
      return exchange.open
    },
    deliver: exchange.deliver,
    async send(message) {
      const { commit, application } = await exchange.deliver(message)
      const last = application ?? commit
      if (last === undefined) throw new Failure('invalid', 'mllp-no-answer')
      return last
    },
    [Symbol.asyncDispose]() {
      exchange.fail(new Failure('unavailable', 'mllp-closed'))
      return Promise.resolve()
    },
  }
}

function connected(options: MllpClientOptions): Promise<Socket> {
  const { host, port, connectTimeoutMs = 10_000 } = options
  return new Promise((resolve, reject) => {
    const socket = opened(options)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Failure('timeout', 'mllp-connect-timeout', { host, port }))
    }, connectTimeoutMs)
    const refused = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer)
      reject(new Failure('unavailable', 'mllp-connect', { host, port, reason: error.code }, { cause: error }))
    }
    socket.once('error', refused)
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', refused)
      resolve(socket)
    })
  })
}

function opened({ host, port, tls }: MllpClientOptions): Socket {
  const sockets = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }
  if (tls === undefined) return connect(sockets)
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
  return connectTls({ ...sockets, ...given, minVersion: 'TLSv1.2' })
}
