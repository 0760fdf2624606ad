/**
 * One connection of an MLLP listener. Frames are handled side by side, so that intake can commit many at once, and
 * answered in the order they came. What the connection holds is bounded: beyond `maxInFlight` frames, or one
 * of the longest, or while the peer doesn't read its answers, the socket isn't read.
 */
import type { Socket } from 'node:net'

import { DEFAULT_MAX_FRAME_BYTES, frame, makeFrameDecoder, type FrameEvent } from '../../hl7/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { MllpEvent } from './events.ts'
import type { Peer } from './peer.ts'

/**
 * Sends a frame of its own behind the answer: at once, or when it is there, among the answers to later frames. That is
 * how an application acknowledgement follows its commit acknowledgement (HL7 v2.5 chapter 2, §2.9.3.2).
 */
export type Follow = (body: Buffer | Promise<Buffer | undefined>) => void

/** Why bytes are no message that could be taken. */
export type BrokenFrame = 'oversize' | 'half-frame'

/** What a listener does with what arrives. Undefined: no answer. A thrown value: no answer, and the connection ends. */
export interface FrameHandlers {
  handle(body: Buffer, peer: Peer, follow: Follow): Promise<Buffer | undefined>
  /** A frame over the limit, or one that was begun and never ended: its head and how many bytes came. */
  broken?:
    | ((kind: BrokenFrame, head: Buffer, bytes: number, peer: Peer) => Promise<Buffer | undefined>)
    | undefined
}

export interface ConnectionOptions extends FrameHandlers {
  readonly maxFrameBytes?: number | undefined
  readonly requireFinalCr?: boolean | undefined
  readonly maxInFlight: number
  /** Shared by the connections of a listener. */
  readonly memory: MemoryBudget
  readonly idleTimeoutMs: number
  readonly clock: Clock
  readonly log: Log
  observe(event: MllpEvent): void
}

/** What the unfinished frames of all connections may hold together: a sender of halves must not fill the memory. */
export interface MemoryBudget {
  readonly maxBytes: number
  usedBytes: number
}

/** What an operator sees of a connection. */
export interface ConnectionStatus {
  readonly peer: Peer
  readonly openedAt: number
  readonly lastFrameAt: number | undefined
  readonly frames: number
  readonly answers: number
  readonly inFlight: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

export interface Connection {
  status(): ConnectionStatus
  /** Takes no more frames, answers those in flight, then ends. */
  drain(): void
  destroy(): void
  /** Resolves when the socket is closed and no handler runs any more. */
  readonly closed: Promise<void>
}

/** The place of one answer in the order of the answers. */
interface Slot {
  readonly since: number
  readonly bytes: number
  /** Not there yet; or what to write; or that there is nothing to write, or no way on. */
  result: 'pending' | 'silent' | 'failed' | Buffer
  /** What goes behind the answer. */
  readonly followers: (Buffer | Promise<Buffer | undefined>)[]
}

function headIsReady(slots: readonly Slot[]): boolean {
  return slots[0] !== undefined && slots[0].result !== 'pending'
}

/** How long a finished connection still reads, and drops, what the peer sends: closing at once would reset it and take the last answers along. */
const LINGER_MS = 1000

export function makeConnection(socket: Socket, peer: Peer, options: ConnectionOptions): Connection {
  const { clock, log, observe, maxInFlight, memory, maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = options
  const decoder = makeFrameDecoder(options)
  const openedAt = clock.now()
  const waiting: FrameEvent[] = []
  const slots: Slot[] = []
  const running = new Set<Promise<void>>()
  let bytesInFlight = 0
  let bytesHeld = 0
  let lastFrameAt: number | undefined
  let frames = 0
  let answers = 0
  let told = false
  // The peer sends no more; what it sent is still handled and answered.
  let ended = false
  // Nothing more is taken from the peer; the socket ends when the last answer is out.
  let finishing = false
  // Frames that follow an answer already written, and are not there yet.
  let following = 0

  function take(events: readonly FrameEvent[]): void {
    waiting.push(...events)
    advance()
  }

  /** Starts what may start, then lets the socket run, holds it, or ends it. */
  function advance(): void {
    let started = 0
    while (!finishing && mayStart() && started < waiting.length) start(waiting[started++]!)
    waiting.splice(0, finishing ? waiting.length : started)
    const idle = waiting.length === 0 && slots.length === 0 && following === 0
    if (ended && idle) finishing = true
    if (finishing && idle) finish()
    else if (finishing || waiting.length > 0 || socket.writableNeedDrain) socket.pause()
    else socket.resume()
  }

  function mayStart(): boolean {
    return slots.length < maxInFlight && bytesInFlight < maxFrameBytes
  }

  /** Takes what the decoder holds into the shared account. */
  function account(): void {
    memory.usedBytes += decoder.heldBytes - bytesHeld
    bytesHeld = decoder.heldBytes
    if (bytesHeld === 0 || memory.usedBytes <= memory.maxBytes) return
    observe({ kind: 'crowded' })
    log.warn({ peer: peer.address }, 'unfinished frames hold too much memory; the connection is closed')
    socket.destroy()
  }

  function start(event: FrameEvent): void {
    switch (event.kind) {
      case 'frame':
        frames++
        lastFrameAt = clock.now()
        observe({ kind: 'frame', bytes: event.body.length })
        answerWith(event.body.length, (follow) => options.handle(event.body, peer, follow))
        break
      case 'oversize':
        observe({ kind: 'oversize', bytes: event.bytes })
        log.warn({ peer: peer.address, bytes: event.bytes }, 'a frame is over the limit')
        // Without an end in sight there is nothing to go on with.
        if (!event.ended) finishing = true
        handBroken('oversize', event)
        break
      case 'half-frame':
        observe({ kind: 'half-frame', bytes: event.bytes })
        tellOnce('half-frame', event.bytes)
        // A start byte alone is what a port check leaves.
        if (event.bytes > 0) handBroken('half-frame', event)
        break
      case 'junk':
        observe(event)
        tellOnce('junk', event.bytes)
    }
  }

  function handBroken(kind: BrokenFrame, { head, bytes }: { head: Buffer; bytes: number }): void {
    if (options.broken !== undefined) answerWith(head.length, () => options.broken!(kind, head, bytes, peer))
  }

  /** Every such event is counted; one line a connection is enough to look into it. */
  function tellOnce(kind: string, bytes: number): void {
    if (told) return
    told = true
    log.warn({ peer: peer.address, kind, bytes }, 'bytes that are no frame were dropped')
  }

  function answerWith(bytes: number, work: (follow: Follow) => Promise<Buffer | undefined>): void {
    const slot: Slot = { since: clock.now(), bytes, result: 'pending', followers: [] }
    slots.push(slot)
    bytesInFlight += bytes
    const run = settle(slot, work)
    running.add(run)
    void run.finally(() => running.delete(run))
  }

  async function settle(slot: Slot, work: (follow: Follow) => Promise<Buffer | undefined>): Promise<void> {
    try {
      slot.result = (await work((body) => void slot.followers.push(body))) ?? 'silent'
    } catch (thrown) {
      const { code } = asFailure(thrown)
      observe({ kind: 'handler-failed', code })
      log.error({ peer: peer.address, code }, 'a frame could not be answered; the connection is closed')
      slot.result = 'failed'
    }
    flush()
  }

  /** Writes the answers that are ready at the head of the order: each in one write, all of them in one packet. */
  function flush(): void {
    if (socket.destroyed || !headIsReady(slots)) return
    socket.cork()
    while (headIsReady(slots)) answer(slots.shift()!)
    socket.uncork()
    advance()
  }

  function answer({ result, since, bytes, followers }: Slot): void {
    bytesInFlight -= bytes
    if (result === 'failed') {
      // The peer would take a later answer for this frame's: none may follow.
      slots.length = 0
      finishing = true
      return
    }
    if (typeof result !== 'string') write(result, since)
    for (const follower of followers) {
      if (Buffer.isBuffer(follower)) write(follower, since)
      else void followWith(follower, since)
    }
  }

  function write(body: Buffer, since: number): void {
    answers++
    observe({ kind: 'answer', bytes: body.length, tookMs: clock.now() - since })
    socket.write(frame(body))
  }

  async function followWith(follower: Promise<Buffer | undefined>, since: number): Promise<void> {
    following++
    const body = await follower.catch((thrown: unknown) => {
      log.error({ peer: peer.address, code: asFailure(thrown).code }, 'no application acknowledgement')
      return undefined
    })
    following--
    if (socket.destroyed) return
    if (body !== undefined) write(body, since)
    advance()
  }

  function finish(): void {
    if (socket.writableEnded || socket.destroyed) return
    socket.end()
    socket.resume()
    const linger = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(linger))
  }

  function onTimeout(): void {
    if (slots.length > 0 || following > 0) {
      socket.setTimeout(options.idleTimeoutMs)
      return
    }
    observe({ kind: 'idle' })
    socket.destroy()
  }

  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      const unanswered = slots.length + waiting.filter(({ kind }) => kind === 'frame').length
      const unfinished = decoder.end()
      if (!finishing) unfinished.forEach(start)
      if (unanswered > 0) observe({ kind: 'unanswered', frames: unanswered })
      finishing = true
      waiting.length = 0
      account()
      void Promise.allSettled(running).then(() => resolve())
    })
  })
  socket.on('data', (chunk: Buffer) => {
    if (finishing) return
    take(decoder.push(chunk))
    account()
  })
  socket.on('drain', advance)
  socket.on('end', () => {
    ended = true
    take(decoder.end())
  })
  socket.on('timeout', onTimeout)
  socket.on('error', (error: NodeJS.ErrnoException) => {
    log.debug({ peer: peer.address, code: error.code }, 'connection error')
  })
  socket.setTimeout(options.idleTimeoutMs)

  return {
    closed,
    status: () => ({
      peer,
      openedAt,
      lastFrameAt,
      frames,
      answers,
      inFlight: slots.length,
      bytesRead: socket.bytesRead,
      bytesWritten: socket.bytesWritten,
    }),
    drain() {
      finishing = true
      advance()
    },
    destroy: () => void socket.destroy(),
  }
}
