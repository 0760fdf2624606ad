/** The requesting side: opens an association, echoes, sends objects. PS3.8 §9.2, PS3.7 §9.1.1 and §9.1.5 */
import { once } from 'node:events'
import { connect } from 'node:net'

import {
  type AgreedContext,
  CommandField,
  type CommandSet,
  ContextResult,
  decodeCommand,
  DICOM_APPLICATION_CONTEXT,
  encodeCommand,
  encodeFragments,
  encodePdu,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  NO_DATASET,
  type ProposedContext,
  type StoreResult,
  VERIFICATION,
} from '../../dicom/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { type Link, openLink } from './link.ts'

export interface AssociateOptions {
  readonly host: string
  readonly port: number
  readonly callingAeTitle: string
  readonly calledAeTitle: string
  /** At most 128, with odd ids. */
  readonly contexts: readonly ProposedContext[]
  readonly timeoutMs?: number
}

interface OutgoingInstance {
  readonly contextId: number
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** The bytes of the dataset, in the transfer syntax of the context. */
  readonly dataset: AsyncIterable<Buffer> | Iterable<Buffer>
}

export interface ClientAssociation extends AsyncDisposable {
  /** What the other side accepted. */
  readonly agreed: ReadonlyMap<number, AgreedContext>
  echo(): Promise<StoreResult>
  store(instance: OutgoingInstance): Promise<StoreResult>
  /** The orderly end; disposing without it aborts. */
  release(): Promise<void>
}

const MAX_PDU_LENGTH = 128 * 1024

/** @throws Failure `unavailable`/`association-refused` with result, source and reason, or `connection-lost` */
export async function associate(options: AssociateOptions): Promise<ClientAssociation> {
  const { timeoutMs = 30_000 } = options
  const link = await open(options, timeoutMs)
  const { agreed, maxPduLength } = await request(link, options, timeoutMs)
  link.expectData(MAX_PDU_LENGTH)
  let messageId = 0
  let released = false

  async function response(): Promise<StoreResult> {
    const parts: Buffer[] = []
    for (;;) {
      const pdu = await link.next(timeoutMs)
      if (pdu === undefined || pdu.type === 'abort') throw new Failure('unavailable', 'association-aborted')
      if (pdu.type !== 'p-data-tf') throw new Failure('invalid', 'pdu-unexpected', { type: pdu.type })
      for (const { fragment, last } of pdu.values) {
        parts.push(fragment)
        if (last) return resultOfResponse(decodeCommand(Buffer.concat(parts)), messageId)
      }
    }
  }

  async function sendCommand(contextId: number, command: CommandSet): Promise<void> {
    const value = { contextId, command: true, last: true }
    await link.send(Buffer.concat(encodeFragments(value, encodeCommand(command), maxPduLength)))
  }

  return {
    agreed,
    async echo() {
      const context = [...agreed.values()].find(({ abstractSyntax }) => abstractSyntax === VERIFICATION)
      if (context === undefined) throw new Failure('unsupported', 'verification-not-accepted')
      messageId = nextId(messageId)
      const commandField = CommandField.cEchoRq
      await sendCommand(context.id, {
        affectedSopClass: VERIFICATION,
        commandField,
        messageId,
        dataSetType: NO_DATASET,
      })
      return response()
    },
    async store({ contextId, sopClassUid, sopInstanceUid, dataset }) {
      messageId = nextId(messageId)
      await sendCommand(contextId, {
        affectedSopClass: sopClassUid,
        commandField: CommandField.cStoreRq,
        messageId,
        priority: 0,
        dataSetType: 1,
        affectedSopInstance: sopInstanceUid,
      })
      await sendDataset(link, contextId, dataset, maxPduLength)
      return response()
    },
    async release() {
      await link.send(encodePdu({ type: 'release-rq' }))
      released = true
      await link.next(timeoutMs)
      link.close()
    },
    async [Symbol.asyncDispose]() {
      if (!released) link.abort(0, 0)
    },
  }
}

function nextId(messageId: number): number {
  return (messageId % 0xffff) + 1
}

/** The last fragment must say so, so each chunk waits for the next one. */
async function sendDataset(
  link: Link,
  contextId: number,
  dataset: AsyncIterable<Buffer> | Iterable<Buffer>,
  maxPduLength: number,
): Promise<void> {
  let held: Buffer = Buffer.alloc(0)
  const send = async (chunk: Buffer, last: boolean) => {
    for (const pdu of encodeFragments({ contextId, command: false, last }, chunk, maxPduLength))
      await link.send(pdu)
  }
  for await (const chunk of dataset) {
    if (held.length > 0) await send(held, false)
    held = chunk
  }
  await send(held, true)
}

function resultOfResponse(response: CommandSet, messageId: number): StoreResult {
  if (response.status === undefined || response.messageIdRespondedTo !== messageId) {
    throw new Failure('invalid', 'response-unexpected')
  }
  const { status, errorComment } = response
  return { status, ...(errorComment !== undefined && { comment: errorComment }) }
}

async function open({ host, port }: AssociateOptions, timeoutMs: number): Promise<Link> {
  const socket = connect({ host, port })
  const tooLate = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs)
  try {
    await once(socket, 'connect')
  } catch (error) {
    throw new Failure('unavailable', 'cannot-connect', { host, port }, { cause: error })
  } finally {
    clearTimeout(tooLate)
  }
  return openLink(socket)
}

async function request(link: Link, options: AssociateOptions, timeoutMs: number) {
  const { calledAeTitle, callingAeTitle, contexts } = options
  await link.send(
    encodePdu({
      type: 'associate-rq',
      protocolVersion: 1,
      calledAeTitle,
      callingAeTitle,
      applicationContext: DICOM_APPLICATION_CONTEXT,
      contexts,
      user: {
        maxPduLength: MAX_PDU_LENGTH,
        implementationClassUid: IMPLEMENTATION_CLASS_UID,
        implementationVersionName: IMPLEMENTATION_VERSION_NAME,
        others: [],
      },
    }),
  )
  const answer = await link.next(timeoutMs)
  if (answer?.type === 'associate-rj') {
    const { result, source, reason } = answer
    link.close()
    throw new Failure('unavailable', 'association-refused', { result, source, reason })
  }
  if (answer?.type !== 'associate-ac') {
    link.abort(0, 0)
    throw new Failure('unavailable', 'association-aborted')
  }
  const proposed = new Map(contexts.map((context) => [context.id, context.abstractSyntax]))
  const agreed = new Map<number, AgreedContext>()
  for (const { id, result, transferSyntax } of answer.contexts) {
    const abstractSyntax = proposed.get(id)
    if (result !== ContextResult.acceptance || abstractSyntax === undefined) continue
    agreed.set(id, { id, abstractSyntax, transferSyntax })
  }
  const { maxPduLength } = answer.user
  return {
    agreed,
    maxPduLength: maxPduLength === 0 ? MAX_PDU_LENGTH : Math.max(64, Math.min(maxPduLength, MAX_PDU_LENGTH)),
  }
}
