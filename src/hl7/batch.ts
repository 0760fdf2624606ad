/**
 * Splits a file or a batch (FHS, BHS, messages, BTS, FTS) into its messages and checks the counts that BTS-1 and FTS-1
 * give. HL7 v2.5 chapter 2, §2.10.3. Messages put one after another without an envelope are split too.
 */
import { Failure } from '../kernel/failure.ts'
import { encodeText, sniffUtf16, tryDecode, type Charset } from './charset/index.ts'
import { readDelimiters } from './delimiters.ts'
import { headerStart, rawLines, rawName, type RawLine } from './scan.ts'

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
  /** The FHS line, and the BHS line of each batch that has one, to answer them. */
  readonly file: Buffer | undefined
  readonly headers: readonly (Buffer | undefined)[]
  /** UTF-16, when it is in that; the header lines above are then given in UTF-8. */
  readonly charset: 'utf-16be' | 'utf-16le' | undefined
  /** All lines of the envelope, each ended by CR: what the messages do not hold. */
  readonly envelope: Buffer
}

const ENVELOPE: ReadonlySet<string | undefined> = new Set(['FHS', 'BHS', 'BTS', 'FTS', 'MSH'])

const SEGMENT_END = Buffer.from('\r')

/** Each costs a row and an acknowledgement; a file of more is to be cut by its sender. */
const MAX_MESSAGES = 100_000

/**
 * Splits; the messages are views on the bytes given, but for UTF-16.
 * @throws Failure `too-large`/`hl7-batch-messages`
 */
export function splitBatch(raw: Buffer): BatchSplit {
  const wide = sniffUtf16(raw)
  const text = wide && tryDecode(raw, wide)
  if (wide === undefined || text === undefined) return splitBytes(raw)
  const split = splitBytes(Buffer.from(text, 'utf8'))
  const messages = split.messages.map(({ bytes, batch }) => ({ bytes: widened(bytes, wide), batch }))
  return { ...split, messages, envelope: widened(split.envelope, wide), charset: wide }
}

function widened(bytes: Buffer, charset: Charset): Buffer {
  return encodeText(bytes.toString('utf8'), charset)
}

function splitBytes(raw: Buffer): BatchSplit {
  const splitter = makeSplitter(raw)
  const start = headerStart(raw)
  let separator = 0x7c
  if (start >= 0) {
    for (const line of rawLines(raw, start)) {
      const head = raw.toString('latin1', line.start, Math.min(line.end, line.start + 20))
      const delimiters = readDelimiters(head)
      if (typeof delimiters !== 'string') separator = delimiters.field.charCodeAt(0)
      const name = rawName(raw, line, separator)
      if (ENVELOPE.has(name)) splitter.envelope(name!, line, trailerCount(raw, line, separator))
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
  let file: Buffer | undefined
  const headers: (Buffer | undefined)[] = []
  const envelope: Buffer[] = []

  function endMessage(at: number): void {
    if (messageStart < 0) return
    if (messages.length === MAX_MESSAGES)
      throw new Failure('too-large', 'hl7-batch-messages', { max: MAX_MESSAGES })
    messages.push({ bytes: raw.subarray(messageStart, at), batch: batches })
    messageStart = -1
  }

  function openBatch(header?: Buffer): void {
    const promised = header !== undefined
    batches++
    headers.push(header)
    inBatch = 0
    batchOpen = true
    batchPromised = promised
  }

  function closeBatch(trailer: boolean, expected?: number): void {
    if (!batchOpen && trailer) openBatch()
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
    envelope(name: string, { start, end }: RawLine, count: number | undefined): void {
      endMessage(start)
      if (name === 'MSH') {
        if (!batchOpen) openBatch()
        inBatch++
        messageStart = start
        return
      }
      const line = raw.subarray(start, end)
      envelope.push(line, SEGMENT_END)
      if (name === 'BHS') {
        closeBatch(false)
        openBatch(line)
      } else if (name === 'BTS') closeBatch(true, count)
      else if (name === 'FHS') {
        file ??= line
        filePromised = true
      } else closeFile(count)
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
      const lines = Buffer.concat(envelope)
      return { messages, batches, problems, file, headers, envelope: lines, charset: undefined }
    },
  }
}
