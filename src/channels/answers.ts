/**
 * What a channel answers, and when: at the commit, after processing, or both. HL7 v2.5 chapter 2, §2.9.2 (original mode)
 * and §2.9.3 (enhanced mode).
 */
import {
  type AckCondition,
  type AckPolicy,
  batchErrors,
  type BatchSplit,
  buildAck,
  buildBatchAck,
  buildBatchProblemAck,
  conditionHolds,
  decideAck,
  refusalOf,
  refusalOfCode,
} from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { uuidv7 } from '../kernel/ids.ts'
import type { Hl7Channel } from './config/channel.ts'
import type { Read } from './new-message.ts'

/** What became of a message: handled, not handled, or still to be handled when the time was over. */
export type Processed =
  | { readonly did: 'handled' }
  | { readonly did: 'failed' | 'waiting'; readonly code: string }

/** What a message that was taken in gets beside the answer at the commit. */
export type AfterProcessing =
  | 'nothing'
  /** The frame's answer waits for the result. */
  | 'answer'
  /** A second answer follows, under its condition. */
  | { readonly second: AckCondition }

export interface Answers {
  /** The answer at the commit; undefined when there is none, or none yet. */
  atCommit(read: Read, epochMs: number, refused?: Failure): Buffer | undefined
  afterProcessing(read: Read): AfterProcessing
  /** When a question gets its answer: at once, behind the answer at the commit, or never. */
  toQuestion(read: Read): AfterProcessing
  /** The application acknowledgement. */
  ofProcessed(read: Read, processed: Processed, epochMs: number): Buffer
  /** The same when what went wrong is at hand. */
  ofFailure(read: Read, failure: Failure, epochMs: number): Buffer
  /** Whether a second answer is wanted for what became of the message. */
  wantsSecond(condition: AckCondition, processed: Processed): boolean
  /** The answering batch; undefined when the channel gives none. */
  ofBatch(batch: AnsweredBatch): Buffer | undefined
}

export interface AnsweredBatch {
  readonly split: BatchSplit
  /** `refused`: nothing of it was taken in. */
  readonly answers: readonly { readonly batch: number; readonly body: Buffer; readonly refused: boolean }[]
  readonly problems: 'refused' | 'accepted'
  readonly epochMs: number
}

export function makeAnswers(channel: Hl7Channel): Answers {
  const { acknowledge, acknowledgeMode } = channel
  const policy: AckPolicy = acknowledge === 'never' ? 'never' : acknowledgeMode
  const self = { application: 'PASSERELLE', facility: channel.tenant }
  const headerOf = (read: Read) => (read.readable ? read.header : undefined)

  function afterProcessing(read: Read): AfterProcessing {
    if (acknowledge === 'never' || acknowledge === 'on-commit' || isAcknowledgement(read)) return 'nothing'
    const { mode, application } = decideAck(headerOf(read), 'accepted', policy)
    if (mode === 'original') return acknowledge === 'after-processing' ? 'answer' : 'nothing'
    return application === 'never' ? 'nothing' : { second: application }
  }

  return {
    afterProcessing,

    toQuestion(read) {
      if (acknowledge === 'never') return 'nothing'
      const { mode, immediate, application } = decideAck(headerOf(read), 'accepted', policy)
      if (mode === 'original') return 'answer'
      if (application === 'never') return 'nothing'
      return immediate === undefined ? 'answer' : { second: application }
    },

    atCommit(read, epochMs, refused) {
      // An answer to an answer would be answered again, without end.
      if (isAcknowledgement(read)) return undefined
      if (refused === undefined && afterProcessing(read) === 'answer') return undefined
      const refusal = refused && refusalOf(refused)
      const { immediate } = decideAck(headerOf(read), refusal?.verdict ?? 'accepted', policy)
      if (immediate === undefined) return undefined
      const errors = refusal === undefined ? [] : [refusal.error]
      return buildAck({ to: read, code: immediate, controlId: ownControlId(), epochMs, errors, self })
    },

    ofFailure(read, failure, epochMs) {
      const { verdict, error } = refusalOf(failure)
      const code = verdict === 'rejected' ? 'AR' : 'AE'
      return buildAck({ to: read, code, controlId: ownControlId(), epochMs, errors: [error], self })
    },

    ofProcessed(read, processed, epochMs) {
      const refusal = processed.did === 'handled' ? undefined : refusalOfCode(processed.code)
      const code = refusal === undefined ? 'AA' : refusal.verdict === 'rejected' ? 'AR' : 'AE'
      const errors = refusal === undefined ? [] : [refusal.error]
      return buildAck({ to: read, code, controlId: ownControlId(), epochMs, errors, self })
    },

    wantsSecond: (condition, processed) =>
      conditionHolds(condition, processed.did === 'handled' ? 'accepted' : 'error'),

    ofBatch(batch) {
      const { split, answers, epochMs } = batch
      if (acknowledge === 'never' || channel.batch.acknowledge === 'none') return undefined
      if (channel.batch.acknowledge === 'single') return wholeBatchAck(batch)
      const told = channel.batch.acknowledge === 'all' ? answers : answers.filter(({ refused }) => refused)
      const own = split.problems.length === 0 ? [] : [{ batch: 1, body: wholeBatchAck(batch) }]
      return buildBatchAck({ to: split, answers: [...told, ...own], controlId: ownControlId(), epochMs })
    },
  }

  /** One answer for the batch: not taken, taken but for some messages, or taken. */
  function wholeBatchAck({ split, answers, problems, epochMs }: AnsweredBatch): Buffer {
    const { file, headers } = split
    const some = answers.some(({ refused }) => refused)
    return buildBatchProblemAck({
      header: headers.find((header) => header !== undefined) ?? file,
      charset: split.charset,
      code: problems === 'refused' ? 'AR' : some && channel.batch.acknowledge === 'single' ? 'AE' : 'AA',
      controlId: ownControlId(),
      epochMs,
      errors: batchErrors(split.problems, problems === 'refused' ? 'E' : 'W'),
      self,
    })
  }
}

/** A general acknowledgement (ACK, or MCF of old senders): it is kept and never answered. */
function isAcknowledgement(read: Read): boolean {
  return read.readable && (read.header.messageCode === 'ACK' || read.header.messageCode === 'MCF')
}

/** 20 characters, the most that MSH-10 holds before v2.7: 48 bits of time, 32 of chance. */
export function ownControlId(): string {
  const id = uuidv7().replaceAll('-', '')
  return id.slice(0, 12) + id.slice(24)
}
