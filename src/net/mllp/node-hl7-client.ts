/**
 * The MLLP sender over the package node-hl7-client, for who wants the same sender as elsewhere. Used as a line only: its
 * queue, its waiting for answers and its reconnecting stay off, because they freeze the process at a second message, lose
 * messages after a disconnect, and cut healthy connections. It tells neither that a peer has gone nor that a connection
 * failed; our timers do, and a connection that was quiet is made anew.
 * What it can't carry goes through our own: UTF-16 and two answers to one message, which its decoder would join.
 */
import { Client, type Message } from 'node-hl7-client'

import { decideAck, readIntake } from '../../hl7/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import { clientOver, connectMllp, type MllpClient, type MllpClientOptions } from './client.ts'
import { type Delivery, type Exchange, makeExchange } from './exchange.ts'

/** A peer, or what lies between, may have forgotten a connection that was quiet for longer. */
const MAX_IDLE_MS = 30_000

/** @throws Failure `timeout`/`mllp-connect-timeout` */
export async function connectNodeHl7Client(options: MllpClientOptions): Promise<MllpClient> {
  const { clock = systemClock } = options
  let theirs: Exchange = await theirLine(options)
  let ours: MllpClient | undefined
  let usedAt = clock.now()
  let turn: Promise<unknown> = Promise.resolve()

  async function lineFor(message: Buffer): Promise<Pick<Exchange, 'deliver'>> {
    if (!canCarry(message)) return (ours = ours?.open ? ours : await connectMllp(options))
    if (theirs.open && clock.now() - usedAt > MAX_IDLE_MS) {
      theirs.fail(new Failure('unavailable', 'mllp-closed'))
      theirs = await theirLine(options)
    }
    return theirs
  }

  async function deliverOne(message: Buffer): Promise<Delivery> {
    const line = await lineFor(message)
    try {
      return await line.deliver(message)
    } finally {
      usedAt = clock.now()
    }
  }

  return clientOver({
    get open() {
      return theirs.open
    },
    // One in flight, whichever line it takes.
    deliver(message) {
      const delivery = turn.then(() => deliverOne(message))
      turn = delivery.catch(() => {})
      return delivery
    },
    fail(why) {
      theirs.fail(why)
      void ours?.[Symbol.asyncDispose]()
    },
  })
}

function canCarry(message: Buffer): boolean {
  const intake = readIntake(message)
  if (!intake.readable) return false
  const { mode } = decideAck(intake.header, 'accepted')
  // Answers are decoded as UTF-8, whatever they are in: what is compared must be ASCII.
  // oxlint-disable-next-line no-control-regex
  const isPlain = /^[\0-\x7f]*$/.test(intake.header.controlId ?? '')
  return mode === 'original' && isPlain && !(intake.charset ?? '').startsWith('utf-16')
}

async function theirLine(options: MllpClientOptions): Promise<Exchange> {
  const { host, port, tls, connectTimeoutMs = 10_000 } = options
  const secured = tls && Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
  const client = new Client({ host, ...(secured === undefined ? {} : { tls: secured }) })
  const connection = client.createConnection(
    {
      port,
      waitAck: false,
      // Each byte as one character: the bytes go out as they are, in whatever set.
      encoding: 'latin1',
      enqueueMessage: () => exchange.fail(new Failure('unavailable', 'mllp-closed')),
      flushQueue: () => {},
    },
    () => {},
  )
  const exchange = makeExchange(
    {
      write: (body) => void connection.sendMessage(asMessage(body)).catch(() => undefined),
      close: () => void connection.close(),
    },
    { ...options, window: 1 },
  )
  // The text before it is parsed; a peer's nonsense is then ours to judge.
  connection.on('data.raw', (text: string) => exchange.receive(Buffer.from(text, 'utf8')))
  await connected(connection, { host, port, connectTimeoutMs })
  return exchange
}

/** It asks a message for nothing but its text; its own class would leave the last segment end out. */
function asMessage(body: Buffer): Message {
  return { toString: () => body.toString('latin1') } as unknown as Message
}

function connected(
  connection: ReturnType<Client['createConnection']>,
  { host, port, connectTimeoutMs }: { host: string; port: number; connectTimeoutMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void connection.close()
      reject(new Failure('timeout', 'mllp-connect-timeout', { host, port }))
    }, connectTimeoutMs)
    connection.once('connect', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
