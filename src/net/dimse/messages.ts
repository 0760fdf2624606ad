/**
 * The messages of one association, on the accepting side: puts commands together from their fragments, hands datasets
 * through as they come, and answers. What goes wrong with one object is that object's status; the association stays.
 * PS3.7 §9.1.1 (C-STORE), §9.1.5 (C-ECHO), PS3.8 Annex E
 */
import {
  type AgreedContext,
  CommandField,
  type CommandSet,
  decodeCommand,
  encodeCommand,
  encodeFragments,
  type InstanceSink,
  type InstanceWriter,
  isStorageClass,
  NO_DATASET,
  type PresentationDataValue,
  type Sender,
  Status,
  type StoreResult,
} from '../../dicom/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Log } from '../../kernel/log.ts'
import { responseTo, resultOf } from './response.ts'

/** Commands are some hundred bytes; nobody needs more. */
const MAX_COMMAND_LENGTH = 64 * 1024

export interface MessagesOptions {
  readonly sender: Sender
  readonly contexts: ReadonlyMap<number, AgreedContext>
  readonly sink: InstanceSink
  readonly log: Log
  send(bytes: Buffer): Promise<void>
  /** Longest P-DATA-TF that the peer takes. */
  readonly peerMaxPduLength: number
  /** A C-ECHO was asked for; when it rejects the echo is answered with a failure. */
  echoed(): Promise<void>
}

export interface Messages {
  /** @throws Failure when the peer breaks the protocol; then the association must be aborted */
  take(value: PresentationDataValue): Promise<void>
  /** True between the first piece of a message and its answer. */
  busy(): boolean
  /** Gives up a message that will not be finished. */
  abandon(): Promise<void>
  readonly counts: { objects: number; bytes: number; refused: number }
}

export function makeMessages(options: MessagesOptions): Messages {
  const { contexts, log } = options
  let command: { contextId: number; parts: Buffer[]; length: number } | undefined
  let dataset: DatasetInProgress | undefined
  const counts = { objects: 0, bytes: 0, refused: 0 }

  async function takeCommand(value: PresentationDataValue): Promise<void> {
    if (dataset !== undefined) throw new Failure('invalid', 'command-within-dataset')
    command ??= { contextId: value.contextId, parts: [], length: 0 }
    if (command.contextId !== value.contextId) throw new Failure('invalid', 'context-changed')
    command.parts.push(value.fragment)
    command.length += value.fragment.length
    if (command.length > MAX_COMMAND_LENGTH) throw new Failure('too-large', 'command-too-long')
    if (!value.last) return
    const request = decodeCommand(Buffer.concat(command.parts))
    command = undefined
    await begin(request, value.contextId)
  }

  async function begin(request: CommandSet, contextId: number): Promise<void> {
    if ((request.commandField ?? CommandField.response) & CommandField.response) {
      throw new Failure('invalid', 'unexpected-response')
    }
    if (request.commandField === CommandField.cCancelRq) return
    const inProgress = startDataset(request, contexts.get(contextId)!, options)
    if (request.dataSetType === undefined || request.dataSetType === NO_DATASET) await answer(inProgress)
    else dataset = inProgress
  }

  async function takeDataset(value: PresentationDataValue): Promise<void> {
    if (dataset === undefined) throw new Failure('invalid', 'dataset-without-command')
    if (dataset.contextId !== value.contextId) throw new Failure('invalid', 'context-changed')
    counts.bytes += value.fragment.length
    await dataset.write(value.fragment)
    if (!value.last) return
    const finished = dataset
    await answer(finished)
    dataset = undefined
  }

  async function answer(finished: DatasetInProgress): Promise<void> {
    const result = await finished.finish()
    if (finished.request.commandField === CommandField.cStoreRq) {
      if (result.status === Status.success) counts.objects += 1
      else counts.refused += 1
    }
    if (result.status !== Status.success) {
      log.warn({ status: result.status.toString(16), comment: result.comment }, 'object not taken as sent')
    }
    const bytes = encodeCommand(responseTo(finished.request, result))
    const value = { contextId: finished.contextId, command: true, last: true }
    await options.send(Buffer.concat(encodeFragments(value, bytes, options.peerMaxPduLength)))
  }

  return {
    async take(value) {
      if (!contexts.has(value.contextId)) throw new Failure('invalid', 'context-not-agreed')
      await (value.command ? takeCommand(value) : takeDataset(value))
    },
    busy: () => command !== undefined || dataset !== undefined,
    async abandon() {
      await dataset?.abandon()
      dataset = undefined
      command = undefined
    },
    counts,
  }
}

/** A request with its dataset on the way. After a failure the rest is read and thrown away, then the failure answered. */
interface DatasetInProgress {
  readonly request: CommandSet
  readonly contextId: number
  write(fragment: Buffer): Promise<void>
  finish(): Promise<StoreResult>
  abandon(): Promise<void>
}

function startDataset(
  request: CommandSet,
  context: AgreedContext,
  options: MessagesOptions,
): DatasetInProgress {
  const fixed = fixedAnswer(request, context, options)
  if (fixed !== undefined) {
    return { request, contextId: context.id, write: nothing, finish: fixed, abandon: nothing }
  }
  return startStore(request, context, options)
}

async function nothing(): Promise<void> {}

/** Requests whose dataset nobody needs. */
function fixedAnswer(
  request: CommandSet,
  context: AgreedContext,
  options: MessagesOptions,
): (() => Promise<StoreResult>) | undefined {
  if (request.commandField === CommandField.cEchoRq) {
    return () =>
      options.echoed().then(
        () => ({ status: Status.success }),
        (error: unknown) => resultOf(error),
      )
  }
  if (request.commandField !== CommandField.cStoreRq) {
    return () => Promise.resolve({ status: Status.unrecognizedOperation })
  }
  if (!isStorageClass(context.abstractSyntax)) {
    return () => Promise.resolve({ status: Status.sopClassNotSupported })
  }
  if (request.dataSetType === undefined || request.dataSetType === NO_DATASET) {
    return () => Promise.resolve({ status: Status.cannotUnderstand, comment: 'no data set' })
  }
  return undefined
}

function startStore(
  request: CommandSet,
  context: AgreedContext,
  options: MessagesOptions,
): DatasetInProgress {
  let writer: InstanceWriter | undefined
  let failure: StoreResult | undefined
  let started: Promise<void> | undefined

  async function start(): Promise<void> {
    writer = await options.sink.begin({
      sender: options.sender,
      sopClassUid: request.affectedSopClass ?? context.abstractSyntax,
      sopInstanceUid: request.affectedSopInstance ?? '',
      transferSyntax: context.transferSyntax,
    })
  }

  async function attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (failure !== undefined) return undefined
    try {
      started ??= start()
      await started
      return await act()
    } catch (error) {
      failure = resultOf(error)
      options.log.error({ err: error, status: failure.status.toString(16) }, 'object could not be stored')
      await writer?.abort().catch(() => {})
      return undefined
    }
  }

  return {
    request,
    contextId: context.id,
    async write(fragment) {
      await attempt(() => writer!.write(fragment))
    },
    async finish() {
      const result = await attempt(() => writer!.finish())
      return failure ?? result ?? { status: Status.processingFailure }
    },
    async abandon() {
      if (failure === undefined) await writer?.abort().catch(() => {})
    },
  }
}
