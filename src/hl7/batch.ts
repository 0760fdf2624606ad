/**
 * Splits a file or a batch (FHS, BHS, messages, BTS, FTS) into its messages and checks the counts that BTS-1 and FTS-1
 * give. HL7 v2.5 chapter 2, §2.10.3. Messages put one after another without an envelope are split too.
 */
import { Failure } from '../kernel/failure.ts'
import { readDelimiters } from './delimiters.ts'
import { headerStart, rawLines, rawName } from './scan.ts'

export interface BatchMessage {
  readonly bytes: Buffer
  /** Which batch it is in, from 1. */
  readonly batch: number
}

export type BatchProblem =
  /** BTS-1 or FTS-1 is not what is there: something was lost on the way. */
  | {
      readonly code: 'batch-count' | 'file-count'
      readonly batch?: number
      readonly expected: number
      readonly actual: number
    }
  /** A trailer that the envelope promises is missing: the file may be cut off. */
  | { readonly code: 'batch-trailer-missing' | 'file-trailer-missing'; readonly batch?: number }
  /** Lines that belong to no message. */
  | { readonly code: 'outside'; readonly lines: number }

export interface BatchSplit {
  readonly messages: readonly BatchMessage[]
  readonly batches: number
  readonly problems: readonly BatchProblem[]
}

const ENVELOPE: ReadonlySet<string | undefined> = new Set(['FHS', 'BHS', 'BTS', 'FTS', 'MSH'])

/** Each costs a row and an acknowledgement; a file of more is to be cut by its sender. */
const MAX_MESSAGES = 100_000

/**
 * Splits; the messages are views on the bytes given.
 * @throws Failure `too-large`/`hl7-batch-messages`
 */
export function splitBatch(raw: Buffer): BatchSplit {
  const splitter = makeSplitter(raw)
  const start = headerStart(raw)
  let separator = 0x7c
  if (start >= 0) {
    for (const line of rawLines(raw, start)) {
      const head = raw.toString('latin1', line.start, Math.min(line.end, line.start + 20))
      const delimiters = readDelimiters(head)
      if (typeof delimiters !== 'string') separator = delimiters.field.charCodeAt(0)
      const name = rawName(raw, line, separator)
      if (ENVELOPE.has(name)) splitter.envelope(name!, line.start, trailerCount(raw, line, separator))
      else splitter.content(raw.subarray(line.start, line.end))
    }
  }
  return splitter.finish()
}

function trailerCount(
  raw: Buffer,
  line: { start: number; end: number },
  separator: number,
): number | undefined {
  const text = raw.toString('latin1', line.start, Math.min(line.end, line.start + 40))
  const count = /^\d{1,10}$/.exec(text.split(String.fromCharCode(separator))[1]?.trim() ?? '')
  return count === null ? undefined : Number(count[0])
}

function makeSplitter(raw: Buffer) {
  const messages: BatchMessage[] = []
  const problems: BatchProblem[] = []
  let messageStart = -1
  let batches = 0
  let inBatch = 0 // messages of the current batch
  let batchOpen = false
  let batchPromised = false
  let filePromised = false
  let outside = 0

  function endMessage(at: number): void {
    if (messageStart < 0) return
    if (messages.length === MAX_MESSAGES)
      throw new Failure('too-large', 'hl7-batch-messages', { max: MAX_MESSAGES })
    messages.push({ bytes: raw.subarray(messageStart, at), batch: batches })
    messageStart = -1
  }

  function openBatch(promised: boolean): void {
    batches++
    inBatch = 0
    batchOpen = true
    batchPromised = promised
  }

  function closeBatch(trailer: boolean, expected?: number): void {
    if (!batchOpen && trailer) openBatch(false)
    if (!batchOpen) return
    if (!trailer && batchPromised) problems.push({ code: 'batch-trailer-missing', batch: batches })
    if (expected !== undefined && expected !== inBatch) {
      problems.push({ code: 'batch-count', batch: batches, expected, actual: inBatch })
    }
    batchOpen = false
  }

  function closeFile(expected?: number): void {
    closeBatch(false)
    filePromised = false
    if (expected !== undefined && expected !== batches) {
      problems.push({ code: 'file-count', expected, actual: batches })
    }
  }

  return {
    envelope(name: string, at: number, count: number | undefined): void {
      endMessage(at)
      if (name === 'MSH') {
        if (!batchOpen) openBatch(false)
        inBatch++
        messageStart = at
      } else if (name === 'BHS') {
        closeBatch(false)
        openBatch(true)
      } else if (name === 'BTS') closeBatch(true, count)
      else if (name === 'FHS') filePromised = true
      else closeFile(count)
    },
    content(line: Buffer): void {
      // A last line of framing characters or blanks is nothing that was lost.
      if (messageStart < 0 && line.some((byte) => byte > 0x20)) outside++
    },
    finish(): BatchSplit {
      endMessage(raw.length)
      closeBatch(false)
      if (filePromised) problems.push({ code: 'file-trailer-missing' })
      if (outside > 0) problems.push({ code: 'outside', lines: outside })
      return { messages, batches, problems }
    },
  }
}
