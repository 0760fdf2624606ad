/**
 * One association from A-ASSOCIATE-RQ to release or abort, on the accepting side. The state machine of PS3.8 §9.2 read
 * as a program: wait for the request, answer it, take messages until the peer releases.
 */
import {
  AbortReason,
  type AssociateReject,
  type AssociateRequest,
  DICOM_APPLICATION_CONTEXT,
  encodePdu,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  type InstanceSink,
  negotiate,
  type NegotiationPolicy,
  type Sender,
} from '../../dicom/index.ts'
import { asFailure, Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import type { Link } from './link.ts'
import { makeMessages, type Messages } from './messages.ts'

export interface AcceptorOptions {
  /** Titles that this listener answers to. */
  readonly aeTitles: readonly string[]
  /** Titles that may call; undefined: all. */
  readonly callers?: readonly string[] | undefined
  readonly policy: NegotiationPolicy
  readonly maxPduLength: number
  /** From the connection to the association request, however it trickles. */
  readonly associateTimeoutMs: number
  /** Silence between messages; 0: for ever. */
  readonly idleTimeoutMs: number
  /** Silence within a message. */
  readonly stallTimeoutMs: number
  readonly sink: InstanceSink
  readonly log: Log
  /** Something was asked for that stores no object. The answer waits for it. */
  readonly accessed: (access: DimseAccess) => Promise<void>
}

export interface DimseAccess {
  readonly what: 'c-echo' | 'association-refused'
  readonly sender: Sender
  /** Why it was refused. */
  readonly code?: string
}

export interface Association {
  /** Resolves when it is over and nothing of it is left. Never rejects. */
  readonly done: Promise<void>
  /** Lets the message in progress end, then hangs up. */
  stop(): void
}

/** The longest fragment that is sent to a peer that says it has no limit. */
const DEFAULT_SEND_LENGTH = 128 * 1024

/** Some implementations count the header of a PDU or of its values into its length. */
const LENGTH_TOLERANCE = 12

/** @param isFull the limit of associations is reached, so this one is refused for now */
export function acceptAssociation(
  link: Link,
  peer: { readonly id: string; readonly address: string; readonly isFull: boolean },
  options: AcceptorOptions,
): Association {
  let stopping = false
  // Until the association stands there is nothing to finish.
  let messages: Messages | undefined
  const log = options.log.child({ association: peer.id, address: peer.address })

  async function serve(): Promise<void> {
    const request = await awaitRequest(link, options.associateTimeoutMs)
    if (request === undefined) return
    const { callingAeTitle, calledAeTitle } = request
    const sender: Sender = { association: peer.id, callingAeTitle, calledAeTitle, address: peer.address }
    const refused = refuse(request, peer.isFull, options)
    if (refused !== undefined) {
      log.warn({ calling: callingAeTitle, called: calledAeTitle, code: refused.code }, 'association refused')
      await options.accessed({ what: 'association-refused', sender, code: refused.code })
      await link.send(encodePdu(refused.answer))
      return
    }
    await serveMessages(request, sender)
  }

  async function serveMessages(request: AssociateRequest, sender: Sender): Promise<void> {
    const { answers, agreed } = negotiate(request.contexts, options.policy)
    const accepted = { calling: sender.callingAeTitle, called: sender.calledAeTitle, contexts: agreed.size }
    log.info(accepted, 'association accepted')
    const taking = (messages = makeMessages({
      sender,
      contexts: agreed,
      sink: options.sink,
      log,
      send: link.send,
      peerMaxPduLength: sendLength(request.user.maxPduLength),
      echoed: () => options.accessed({ what: 'c-echo', sender }),
    }))
    link.expectData(options.maxPduLength + LENGTH_TOLERANCE)
    const startedAt = performance.now()
    try {
      await link.send(encodePdu(acceptance(request, answers, options.maxPduLength)))
      const how = await takeMessages(messages)
      log.info(
        { ...messages.counts, how, ms: Math.round(performance.now() - startedAt) },
        'association ended',
      )
    } finally {
      await taking.abandon()
      options.sink.ended(sender)
    }
  }

  async function takeMessages(taking: Messages): Promise<string> {
    for (;;) {
      if (stopping && !taking.busy()) {
        link.abort(2, AbortReason.notSpecified)
        return 'stopped'
      }
      const inMessage = taking.busy() || link.pending() > 0
      const pdu = await link.next(inMessage ? options.stallTimeoutMs : options.idleTimeoutMs)
      if (pdu === undefined) return 'closed'
      switch (pdu.type) {
        case 'p-data-tf':
          for (const value of pdu.values) await taking.take(value)
          break
        case 'release-rq':
          await link.send(encodePdu({ type: 'release-rp' }))
          return 'released'
        case 'abort':
          return 'aborted'
        case 'associate-rq':
        case 'associate-ac':
        case 'associate-rj':
        case 'release-rp':
          throw new Failure('invalid', 'pdu-unexpected', { type: pdu.type })
      }
    }
  }

  async function run(): Promise<void> {
    try {
      await serve()
      link.close()
    } catch (error) {
      const failure = asFailure(error)
      if (failure.code === 'unexpected') log.error({ err: error }, 'association failed')
      else log.warn({ code: failure.code, ...failure.params }, 'association aborted')
      link.abort(2, abortReason(failure))
    }
  }

  return {
    done: run(),
    stop() {
      stopping = true
      if (messages?.busy() !== true) link.abort(2, AbortReason.notSpecified)
    },
  }
}

/** undefined: the peer closed without asking for anything, as port scanners and probes do. */
async function awaitRequest(link: Link, timeoutMs: number): Promise<AssociateRequest | undefined> {
  const timer = setTimeout(() => link.abort(2, AbortReason.notSpecified), timeoutMs)
  try {
    const pdu = await link.next(0)
    if (pdu === undefined || pdu.type === 'associate-rq') return pdu
    throw new Failure('invalid', 'pdu-unexpected', { type: pdu.type })
  } finally {
    clearTimeout(timer)
  }
}

interface Refusal {
  readonly code: string
  readonly answer: AssociateReject
}

/** PS3.8 table 9-21: result, source and reason. */
function refuse(request: AssociateRequest, isFull: boolean, options: AcceptorOptions): Refusal | undefined {
  if ((request.protocolVersion & 1) === 0) return refusal('protocol-version', 1, 2, 2)
  if (request.applicationContext !== DICOM_APPLICATION_CONTEXT) return refusal('application-context', 1, 1, 2)
  if (!options.aeTitles.includes(request.calledAeTitle)) return refusal('called-ae-title', 1, 1, 7)
  if (options.callers?.includes(request.callingAeTitle) === false) return refusal('calling-ae-title', 1, 1, 3)
  if (isFull) return refusal('too-many-associations', 2, 3, 2)
  return undefined
}

function refusal(code: string, result: number, source: number, reason: number): Refusal {
  return { code, answer: { type: 'associate-rj', result, source, reason } }
}

function acceptance(
  request: AssociateRequest,
  contexts: ReturnType<typeof negotiate>['answers'],
  maxPduLength: number,
) {
  return {
    type: 'associate-ac',
    protocolVersion: 1,
    calledAeTitle: request.calledAeTitle,
    callingAeTitle: request.callingAeTitle,
    applicationContext: DICOM_APPLICATION_CONTEXT,
    contexts,
    user: {
      maxPduLength,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      others: [],
    },
  } as const
}

/** At least a header with something behind it: a peer that says less makes no sense. */
function sendLength(peerMaxPduLength: number): number {
  if (peerMaxPduLength === 0) return DEFAULT_SEND_LENGTH
  return Math.max(64, Math.min(peerMaxPduLength, DEFAULT_SEND_LENGTH))
}

function abortReason({ code }: Failure): number {
  switch (code) {
    case 'pdu-unrecognized':
      return AbortReason.unrecognizedPdu
    case 'pdu-unexpected':
    case 'dataset-without-command':
    case 'command-within-dataset':
    case 'unexpected-response':
      return AbortReason.unexpectedPdu
    case 'pdu-too-long':
    case 'pdu-malformed':
    case 'command-malformed':
    case 'command-too-long':
    case 'context-not-agreed':
    case 'context-changed':
      return AbortReason.invalidParameter
    default:
      return AbortReason.notSpecified
  }
}
