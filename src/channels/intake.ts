/**
 * Takes messages in: header read, raw bytes committed to the journal with their audit row, acknowledged, lane woken; in
 * this order. An acknowledgement that says "accepted" at the commit exists only as a column of a committed row.
 * HL7 v2.5 chapter 2, §2.9.2. A batch (§2.10.3) is one commit of all its messages, each a message in its own right.
 */
import { batchControlId, readAck, splitBatch, type BatchSplit } from '../hl7/index.ts'
import type { Clock } from '../kernel/clock.ts'
import { asFailure, Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { MessageNumber, NewMessage, Receipt } from '../store/index.ts'
import { type Answers, makeAnswers } from './answers.ts'
import type { Hl7Channel } from './config/channel.ts'
import { formatOf } from './format.ts'
import type { ChannelMetrics } from './metrics.ts'
import { type Arrival, describe, type Read, whyNot } from './new-message.ts'
import type { OutcomeWatch } from './outcome-watch.ts'
import type { Responder } from './questions/index.ts'
import type { Wake } from './wake.ts'

interface Peer {
  readonly address: string
  readonly port: number
}

/** Sends a frame of its own behind the answer, when it is there. */
type Follow = (body: Buffer | Promise<Buffer | undefined>) => void

/**
 * Answers with the acknowledgement's bytes (without framing), or undefined when the sender gets none; what comes later
 * goes to `follow`. Never throws.
 */
export type Intake = (frame: Buffer, peer: Peer, follow?: Follow) => Promise<Buffer | undefined>

/** Keeps the head of a frame that can't be taken, with its whole size, and gives the answer. Never throws. */
export type RefuseFrame = (
  failure: Failure,
  head: Buffer,
  bytes: number,
  peer: Peer,
) => Promise<Buffer | undefined>

export interface Door {
  readonly take: Intake
  readonly refuse: RefuseFrame
}

export interface IntakeDeps {
  readonly tenant: TenantId
  readonly channel: Hl7Channel
  /** Commits the messages, with others that come in meanwhile, and their audit rows. */
  append(messages: readonly NewMessage[]): Promise<readonly Receipt[]>
  laneSecret(): Promise<string>
  wake(wakes: readonly Wake[]): Promise<void>
  readonly outcomes: OutcomeWatch
  /** Who answers questions; without one they are kept as any other message. */
  readonly responder?: Responder | undefined
  /** Keeps an answer that was made after processing; gives the one that was kept first. */
  keepAnswer(message: MessageNumber, answer: Buffer): Promise<Buffer>
  readonly clock: Clock
  readonly metrics: ChannelMetrics
  readonly log: Log
}

/** A message on its way in. */
interface Incoming {
  readonly raw: Buffer
  readonly read: Read
  readonly refused: Failure | undefined
}

const REUSED = new Failure('conflict', 'hl7-duplicate-control-id')

export function makeIntake(deps: IntakeDeps): Door {
  const { channel, laneSecret, clock, log } = deps
  const answers = makeAnswers(channel)
  const desk = makeDesk(deps, answers)
  const format = formatOf(channel)

  function incoming(raw: Buffer, read = format.read(raw)): Incoming {
    return { raw, read, refused: whyNot(read) }
  }

  async function arrivalOf(peer: Peer, receivedAt: number): Promise<Arrival> {
    return { channel, receivedAt, peer: `${peer.address} ${peer.port}`, laneSecret: await laneSecret() }
  }

  /** Takes messages in with one commit. When it can't be made, each answer says so. */
  async function take(
    all: readonly Incoming[],
    peer: Peer,
    { follow, envelope }: { follow: Follow; envelope?: BatchSplit },
  ): Promise<readonly (Buffer | undefined)[]> {
    const begun = clock.now()
    try {
      const arrival = await arrivalOf(peer, begun)
      const rows = all.map((one) => desk.rowOf(arrival, one))
      const receipts = await desk.commit(envelope ? withEnvelope(arrival, rows, envelope) : rows, begun)
      return await Promise.all(
        all.map((one, index) => desk.answerOf(one, receipts.at(index - all.length)!, follow, peer.address)),
      )
    } catch (error) {
      const failure = asFailure(error)
      desk.failed(failure, all.length, begun)
      return all.map(({ read }) => answers.atCommit(read, begun, failure))
    }
  }

  async function takeBatch(frame: Buffer, peer: Peer, follow: Follow): Promise<Buffer | undefined> {
    const split = splitBatch(frame)
    const refuses = split.problems.length > 0 && channel.batch.mismatch === 'refuse'
    if (refuses) return refuseBatch(frame, split, peer)
    const all = split.messages.map(({ bytes }) => incoming(bytes))
    const given = await take(all, peer, { follow, envelope: split })
    return answers.ofBatch({
      split,
      problems: 'accepted',
      epochMs: clock.now(),
      answers: answersOf(split, given),
    })
  }

  /** Nothing of it is handled; all of it is kept, under the first thing that is wrong. */
  async function refuseBatch(frame: Buffer, split: BatchSplit, peer: Peer): Promise<Buffer | undefined> {
    const failure = new Failure('invalid', `hl7-${split.problems[0]!.code}`)
    const kept = await keep(failure, frame, frame.length, peer)
    const epochMs = clock.now()
    if (kept !== undefined) return answers.atCommit({ readable: false, reason: 'batch' }, epochMs, kept)
    return answers.ofBatch({ split, problems: 'refused', epochMs, answers: [] })
  }

  /** Journals what is refused whatever it says; answers the Failure when even that failed. */
  async function keep(
    failure: Failure,
    head: Buffer,
    bytes: number,
    peer: Peer,
    read = format.read(head),
  ): Promise<Failure | undefined> {
    const begun = clock.now()
    try {
      const row = desk.rowOf(await arrivalOf(peer, begun), { raw: head, read, refused: failure })
      await desk.commit([{ ...row, ...(bytes > head.length ? { fullSize: bytes } : {}) }], begun)
      return undefined
    } catch (error) {
      const why = asFailure(error)
      desk.failed(why, 1, begun)
      return why
    }
  }

  return {
    async take(frame, peer, follow = () => {}) {
      const one = incoming(frame)
      try {
        if (!one.read.readable && one.read.reason === 'batch') return await takeBatch(frame, peer, follow)
        if (one.read.readable && one.read.several && channel.severalMessages === 'split') {
          const all = format.split(frame).map((bytes) => incoming(bytes))
          const answers = await take(all, peer, { follow })
          if (format.answersFrame) return worstOf(answers)
          const [first, ...rest] = answers
          for (const answer of rest) if (answer !== undefined) follow(answer)
          return first
        }
      } catch (error) {
        // More messages than one frame may bring.
        const failure = asFailure(error)
        log.error({ channel: channel.channel, code: failure.code }, 'batch not taken in')
        await keep(failure, frame, frame.length, peer)
        return answers.atCommit(one.read, clock.now(), failure)
      }
      const [answer] = await take([one], peer, { follow })
      return answer
    },

    async refuse(failure, head, bytes, peer) {
      const read = format.read(head)
      const kept = await keep(failure, head, bytes, peer, read)
      return answers.atCommit(read, clock.now(), kept ?? failure)
    },
  }
}

/** Of answers to the parts of one thing the first that says no, else the first. */
function worstOf(answers: readonly (Buffer | undefined)[]): Buffer | undefined {
  return answers.find((answer) => answer && !/^.A$/.test(readAck(answer)?.code ?? '')) ?? answers[0]
}

/** Where rows are made, committed and answered. */
function makeDesk(deps: IntakeDeps, answers: Answers) {
  const { tenant, channel, append, wake, outcomes, keepAnswer, responder, clock, metrics, log } = deps
  const name = channel.channel

  function count(outcome: Receipt['did'] | 'refused' | 'failed', begun: number): void {
    metrics.received({ channel: name, outcome, durationMs: clock.now() - begun })
  }

  function wakeLanes(rows: readonly NewMessage[], receipts: readonly Receipt[]): void {
    const due = rows.filter(
      (_, index) => receipts[index]!.state === 'received' && receipts[index]!.did !== 'resent',
    )
    const lanes = new Set(due.flatMap(({ lane, otherLanes = [] }) => [lane, ...otherLanes]))
    if (lanes.size === 0) return
    wake([...lanes].map((lane) => ({ tenant, channel: name, lane }))).catch((error: unknown) =>
      // The sweeper wakes the lane.
      log.warn({ channel: name, code: asFailure(error).code }, 'lane not woken'),
    )
  }

  function isQuestion(read: Read): read is Extract<Read, { readable: true }> {
    return read.readable && (responder?.isQuestion(read) ?? false)
  }

  /** A question is answered anew each time: nobody's data is kept with the message. */
  async function respond(
    raw: Buffer,
    read: Extract<Read, { readable: true }>,
    peer: string,
  ): Promise<Buffer> {
    try {
      return await responder!.respond({ tenant, channel, raw, read, peer })
    } catch (error) {
      const { code, kind } = asFailure(error)
      if (kind === 'internal') log.error({ channel: name, code }, 'question not answered')
      return answers.ofFailure(read, asFailure(error), clock.now())
    }
  }

  /** What became of a message, as the sender is told it. */
  async function resultOf(read: Read, message: MessageNumber, wanted: (did: boolean) => boolean) {
    const processed = await outcomes.processed(message, channel.acknowledgeTimeoutSeconds * 1_000)
    const handled = processed.did === 'handled'
    if (!wanted(handled)) return undefined
    return { handled, answer: answers.ofProcessed(read, processed, clock.now()) }
  }

  return {
    rowOf(arrival: Arrival, { raw, read, refused }: Incoming): NewMessage {
      const { receivedAt } = arrival
      return {
        ...describe(arrival, raw, read, refused),
        ...(refused === undefined && isQuestion(read)
          ? { state: 'filtered', reason: 'message-answered' }
          : {}),
        ack: answers.atCommit(read, receivedAt, refused),
        ...(channel.reusedControlId === 'refuse'
          ? { whenReused: { ack: answers.atCommit(read, receivedAt, REUSED) } }
          : {}),
      }
    },

    async commit(rows: readonly NewMessage[], begun: number): Promise<readonly Receipt[]> {
      const receipts = await append(rows)
      for (const { did, id, state } of receipts) {
        count(state === 'refused' ? 'refused' : did, begun)
        if (did === 'collided') log.warn({ channel: name, messageId: id }, 'control id used again')
      }
      wakeLanes(rows, receipts)
      return receipts
    },

    failed(failure: Failure, messages: number, begun: number): void {
      for (let n = 0; n < messages; n++) count('failed', begun)
      log.error({ channel: name, code: failure.code }, 'message not taken in')
    },

    /** The answer to a message that is in the journal now. */
    async answerOf(
      { read, raw }: Incoming,
      receipt: Receipt,
      follow: Follow,
      peer: string,
    ): Promise<Buffer | undefined> {
      if (receipt.state !== 'refused' && isQuestion(read)) {
        const when = answers.toQuestion(read)
        if (when === 'answer') return respond(raw, read, peer)
        if (when !== 'nothing') follow(respond(raw, read, peer))
        return receipt.ack
      }
      if (receipt.state !== 'received') return receipt.ack
      const after = answers.afterProcessing(read)
      if (after === 'nothing') return receipt.ack
      if (after === 'answer') {
        if (receipt.ack !== undefined) return receipt.ack
        const { handled, answer } = (await resultOf(read, receipt.id, () => true))!
        return handled ? await keepAnswer(receipt.id, answer) : answer
      }
      const { second } = after
      const wanted = (handled: boolean) =>
        answers.wantsSecond(second, handled ? { did: 'handled' } : { did: 'failed', code: '' })
      follow(resultOf(read, receipt.id, wanted).then((result) => result?.answer))
      return receipt.ack
    },
  }
}

/** Each message says which batch it came in; ahead of them stand the lines that are in no message. */
function withEnvelope(arrival: Arrival, rows: readonly NewMessage[], split: BatchSplit): NewMessage[] {
  const id = batchId(split)
  const envelope: NewMessage = {
    ...describe(arrival, split.envelope, { readable: false, reason: 'batch' }, undefined),
    header: { type: split.file === undefined ? 'BHS' : 'FHS' },
    state: 'filtered',
    reason: 'batch-envelope',
    batch: { id, position: 0 },
  }
  return [envelope, ...rows.map((row, index) => ({ ...row, batch: { id, position: index + 1 } }))]
}

/** The file's control id, or the first batch's; never empty, so that the journal shows that there was a batch. */
function batchId({ file, headers }: BatchSplit): string {
  return batchControlId(file) ?? batchControlId(headers.find((header) => header !== undefined)) ?? '?'
}

function answersOf({ messages }: BatchSplit, given: readonly (Buffer | undefined)[]) {
  return given.flatMap((body, index) => {
    if (body === undefined) return []
    return [{ batch: messages[index]!.batch, body, refused: !/\rMSA.[AC]A/.test(body.toString('latin1')) }]
  })
}
