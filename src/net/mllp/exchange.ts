/**
 * Messages and their answers, over whatever line: who waits for what, for how long, and whose an answer is. Matched by
 * MSA-2 = MSH-10. A message in enhanced mode (MSH-15, MSH-16; HL7 v2.5 chapter 2, §2.9.3) is done when both answers that it
 * asks for are there. After any doubt (no answer in time, another message's answer) the line is closed, so that a late
 * answer can never be taken for the next message's.
 */
import { type AckCondition, buildAck, conditionOf, decideAck, readAck, readIntake } from '../../hl7/index.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'

/** The answers to a message. Original mode gives `application` only; a commit that failed (CE, CR) is the last word. */
export interface Delivery {
  readonly commit: Buffer | undefined
  readonly application: Buffer | undefined
}

export interface ExchangeOptions {
  /** How long an answer may take; of two answers the first. Default 30 s. */
  readonly ackTimeoutMs?: number | undefined
  /** How long the application acknowledgement may take behind the commit acknowledgement. Default 60 s. */
  readonly applicationTimeoutMs?: number | undefined
  /** Messages in flight; more than one for load and for peers that are known to answer in order. Default 1. */
  readonly window?: number | undefined
  readonly clock?: Clock | undefined
}

/** Bodies without framing. */
interface Line {
  write(body: Buffer): void
  close(): void
}

export interface Exchange {
  /** See MllpClient. */
  deliver(message: Buffer): Promise<Delivery>
  /** A body that came. */
  receive(answer: Buffer): void
  /** Closes the line; who waits is told why. Only the first time. */
  fail(why: Failure): void
  readonly open: boolean
}

/** What a message in flight waits for. `any`: its one answer in original mode. */
type Awaited = 'any' | 'commit' | 'application'

interface Sending {
  readonly message: Buffer
  /** MSH-10, where there is one to match. */
  readonly controlId: string | undefined
  readonly commit: AckCondition
  readonly application: AckCondition
  awaits: Awaited
  commitAnswer?: Buffer
  readonly resolve: (delivery: Delivery) => void
  readonly reject: (failure: Failure) => void
  timer?: NodeJS.Timeout
}

/** Messages whose answer may come or not: what is remembered of them, so that such an answer is not a stranger's. */
const MOST_MAYBES = 1000

export function makeExchange(line: Line, options: ExchangeOptions): Exchange {
  const { ackTimeoutMs = 30_000, applicationTimeoutMs = 60_000, window = 1, clock = systemClock } = options
  const waiting: Sending[] = []
  const inFlight: Sending[] = []
  const maybes = new Set<string>()
  let failure: Failure | undefined

  function fail(why: Failure): void {
    if (failure !== undefined) return
    failure = why
    line.close()
    for (const sending of [...inFlight.splice(0), ...waiting.splice(0)]) {
      clearTimeout(sending.timer)
      sending.reject(why)
    }
  }

  function advance(): void {
    if (failure !== undefined) return
    while (inFlight.length < window && waiting.length > 0) start(waiting.shift()!)
  }

  function start(sending: Sending): void {
    line.write(sending.message)
    inFlight.push(sending)
    if (isAwaited(sending)) wait(sending, ackTimeoutMs)
    else end(sending, {})
  }

  function wait(sending: Sending, forMs: number): void {
    clearTimeout(sending.timer)
    const timedOut = () => fail(new Failure('timeout', 'mllp-answer-timeout', { ackTimeoutMs: forMs }))
    sending.timer = setTimeout(timedOut, forMs)
  }

  function end(sending: Sending, { application }: { application?: Buffer }): void {
    clearTimeout(sending.timer)
    inFlight.splice(inFlight.indexOf(sending), 1)
    if (sending.controlId !== undefined && mayStillAnswer(sending)) remember(sending.controlId)
    sending.resolve({ commit: sending.commitAnswer, application })
  }

  function remember(controlId: string): void {
    maybes.add(controlId)
    for (const oldest of maybes) if (maybes.size > MOST_MAYBES) maybes.delete(oldest)
  }

  function receive(answer: Buffer): void {
    const ack = readAck(answer)
    const sending = recipientOf(ack?.controlId, ack?.code.startsWith('C') ?? false)
    if (sending === undefined) {
      if (ack?.controlId !== undefined && maybes.has(ack.controlId)) return
      fail(new Failure('unavailable', 'mllp-answer-mismatch'))
    } else if (ack?.code.startsWith('C') === true) {
      takeCommit(sending, answer, ack.code === 'CA')
    } else {
      confirm(answer)
      end(sending, { application: answer })
    }
  }

  function takeCommit(sending: Sending, answer: Buffer, accepted: boolean): void {
    const isOnly = sending.awaits === 'any'
    sending.commitAnswer = answer
    if (isOnly || !accepted || sending.application !== 'always') return end(sending, {})
    sending.awaits = 'application'
    wait(sending, applicationTimeoutMs)
  }

  /** Whose answer it is: the oldest that waits for a first one, or whoever waits for an application's. */
  function recipientOf(controlId: string | undefined, isCommit: boolean): Sending | undefined {
    const later = inFlight.find((one) => one.awaits === 'application' && one.controlId === controlId)
    if (!isCommit && later !== undefined) return later
    const first = inFlight.find(({ awaits }) => awaits !== 'application')
    const isIts = first !== undefined && (first.controlId === undefined || first.controlId === controlId)
    return isIts ? first : undefined
  }

  /** An application acknowledgement is a message too, and may ask for a commit acknowledgement. */
  function confirm(answer: Buffer): void {
    const to = readIntake(answer)
    if (!to.readable) return
    const { mode, immediate } = decideAck(to.header, 'accepted')
    if (mode !== 'enhanced' || immediate === undefined) return
    const id = uuidv7().replaceAll('-', '')
    const controlId = id.slice(0, 12) + id.slice(24)
    line.write(buildAck({ to, code: immediate, controlId, epochMs: clock.now() }))
  }

  return {
    get open() {
      return failure === undefined
    },
    fail,
    receive(answer) {
      if (failure !== undefined) return
      receive(answer)
      advance()
    },
    deliver(message) {
      if (failure !== undefined) return Promise.reject(new Failure('unavailable', 'mllp-closed'))
      return new Promise((resolve, reject) => {
        waiting.push({ message, ...wishesOf(message), resolve, reject })
        advance()
      })
    },
  }
}

/** What the header asks for. Without a readable one: one answer, whosever it is. */
function wishesOf(message: Buffer): Pick<Sending, 'controlId' | 'commit' | 'application' | 'awaits'> {
  const intake = readIntake(message)
  const header = intake.readable ? intake.header : undefined
  const { mode, application } = decideAck(header, 'accepted')
  const controlId = header?.controlId
  if (mode === 'original') return { controlId, commit: 'never', application: 'always', awaits: 'any' }
  const commit = conditionOf(header!.acceptAckType)
  return { controlId, commit, application, awaits: commit === 'always' ? 'commit' : 'application' }
}

function isAwaited({ commit, application }: Sending): boolean {
  return commit === 'always' || application === 'always'
}

/** An answer that is given on success or on error only. */
function mayStillAnswer({ commit, application }: Sending): boolean {
  return [commit, application].some((condition) => condition === 'on-error' || condition === 'on-success')
}
