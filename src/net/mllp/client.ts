/**
 * The MLLP sender: one message in flight by default, each answer matched with its message by MSA-2 = MSH-10. After any
 * doubt (no answer in time, another message's answer, a lost connection) the connection is closed, so that a late
 * answer can never be taken for the next message's. A sender that wants to go on makes a new one.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { frame, makeFrameDecoder, readAck, readIntake } from '../../hl7/index.ts'
import { Failure } from '../../kernel/failure.ts'

export interface MllpClientTls {
  /** Who must have signed the server's certificate. Default: the authorities that Node knows. */
  readonly ca?: string | Buffer | undefined
  /** Mutual TLS. */
  readonly key?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly servername?: string | undefined
}

export interface MllpClientOptions {
  readonly host: string
  readonly port: number
  readonly tls?: MllpClientTls | undefined
  /** Default 10 s. */
  readonly connectTimeoutMs?: number | undefined
  /** How long an answer may take. Default 30 s. */
  readonly ackTimeoutMs?: number | undefined
  /** Messages in flight; more than one for load and for peers that are known to answer in order. Default 1. */
  readonly window?: number | undefined
  readonly maxFrameBytes?: number | undefined
}

export interface MllpClient extends AsyncDisposable {
  /**
   * Sends a message and gives its answer, whatever its code. Calls beyond the window wait for their turn.
   * @throws Failure `timeout`/`mllp-answer-timeout`; `unavailable`/`mllp-closed`, `mllp-answer-mismatch`
   */
  send(message: Buffer): Promise<Buffer>
  /** False once the connection is gone. */
  readonly open: boolean
}

interface Sending {
  readonly message: Buffer
  /** MSH-10, where there is one to match. */
  readonly controlId: string | undefined
  readonly resolve: (answer: Buffer) => void
  readonly reject: (failure: Failure) => void
  timer?: NodeJS.Timeout
}

/** @throws Failure `unavailable`/`mllp-connect`, `timeout`/`mllp-connect-timeout` */
export async function connectMllp(options: MllpClientOptions): Promise<MllpClient> {
  const socket = await connected(options)
  const { ackTimeoutMs = 30_000, window = 1, maxFrameBytes } = options
  const decoder = makeFrameDecoder({ maxFrameBytes })
  const waiting: Sending[] = []
  const inFlight: Sending[] = []
  let failure: Failure | undefined

  function fail(why: Failure): void {
    if (failure !== undefined) return
    failure = why
    socket.destroy()
    for (const sending of [...inFlight.splice(0), ...waiting.splice(0)]) {
      clearTimeout(sending.timer)
      sending.reject(why)
    }
  }

  function advance(): void {
    if (failure !== undefined) return
    while (inFlight.length < window && waiting.length > 0) {
      const sending = waiting.shift()!
      inFlight.push(sending)
      sending.timer = setTimeout(
        () => fail(new Failure('timeout', 'mllp-answer-timeout', { ackTimeoutMs })),
        ackTimeoutMs,
      )
      socket.write(frame(sending.message))
    }
  }

  function receive(answer: Buffer): void {
    const sending = inFlight.shift()
    if (sending === undefined || !answers(answer, sending)) {
      if (sending !== undefined) inFlight.unshift(sending)
      fail(new Failure('unavailable', 'mllp-answer-mismatch'))
      return
    }
    clearTimeout(sending.timer)
    sending.resolve(answer)
  }

  socket.on('data', (chunk: Buffer) => {
    for (const event of decoder.push(chunk)) {
      if (failure !== undefined) return
      if (event.kind === 'frame') receive(event.body)
      else if (event.kind === 'oversize')
        fail(new Failure('unavailable', 'mllp-answer-mismatch', { reason: 'too long' }))
    }
    advance()
  })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    fail(new Failure('unavailable', 'mllp-closed', { reason: error.code })),
  )
  socket.on('close', () => fail(new Failure('unavailable', 'mllp-closed')))

  return {
    get open() {
      return failure === undefined
    },
    send(message) {
      if (failure !== undefined) return Promise.reject(new Failure('unavailable', 'mllp-closed'))
      const intake = readIntake(message)
      const controlId = intake.readable ? intake.header.controlId : undefined
      return new Promise((resolve, reject) => {
        waiting.push({ message, controlId, resolve, reject })
        advance()
      })
    },
    [Symbol.asyncDispose]() {
      fail(new Failure('unavailable', 'mllp-closed'))
      return Promise.resolve()
    },
  }
}

function answers(answer: Buffer, { controlId }: Sending): boolean {
  return controlId === undefined || readAck(answer)?.controlId === controlId
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
