/**
 * The answer to a batch: a batch of the answers to its messages, and what is wrong with the batch itself. HL7 v2.5
 * chapter 2, §2.10.3.3; FHS and BHS §2.15.2 and §2.15.6, BTS and FTS §2.15.3 and §2.15.7.
 */
import { buildAck, type AckRequest } from './ack.ts'
import type { BatchProblem, BatchSplit } from './batch.ts'
import { decodeText, encodeText } from './charset/index.ts'
import { readDelimiters, standardDelimiters, type Delimiters } from './delimiters.ts'
import { formatDtm } from './dtm.ts'
import { errorTexts, type AckError } from './error-codes.ts'
import { readIntake } from './intake.ts'

export interface BatchAckRequest {
  /** The batch that is answered, as splitBatch gave it. */
  readonly to: Pick<BatchSplit, 'file' | 'headers' | 'charset'>
  /** The answers to its messages, ready, with the number of their batch. */
  readonly answers: readonly { readonly batch: number; readonly body: Buffer }[]
  /** Control id of the answer; the batches in it have it with their number. */
  readonly controlId: string
  readonly epochMs: number
  readonly offsetMinutes?: number | undefined
}

/** `undefined` where the envelope gives no identifier. FHS-11 and BHS-11 are at the same place. */
export function batchControlId(header: Buffer | undefined): string | undefined {
  if (header === undefined) return undefined
  const { delimiters, fields } = headerOf(header)
  return fields[10]?.split(delimiters.component ?? '\r')[0]?.trim() || undefined
}

/** The bytes of the answering batch, in a file when the request was one, without MLLP framing. */
export function buildBatchAck(request: BatchAckRequest): Buffer {
  const { to, answers, controlId } = request
  const pieces: Buffer[] = []
  const segment = (text: string): void => void pieces.push(Buffer.from(`${text}\r`, 'latin1'))
  if (to.file !== undefined) segment(answeringHeader('FHS', to.file, controlId, request))
  for (const [index, header] of to.headers.entries()) {
    const own = answers.filter(({ batch }) => batch === index + 1)
    const separator = String.fromCharCode((header ?? to.file)?.[3] ?? 0x7c)
    segment(answeringHeader('BHS', header ?? to.file, `${controlId}-${index + 1}`, request))
    pieces.push(...own.map(({ body }) => narrowed(body, to.charset)))
    segment(`BTS${separator}${own.length}`)
  }
  if (to.file !== undefined) segment(`FTS${String.fromCharCode(to.file[3]!)}${to.headers.length}`)
  const answer = Buffer.concat(pieces)
  return to.charset === undefined ? answer : encodeText(answer.toString('utf8'), to.charset)
}

/** UTF-16 is put together as UTF-8. */
function narrowed(body: Buffer, charset: BatchSplit['charset']): Buffer {
  return charset === undefined ? body : Buffer.from(decodeText(body, charset), 'utf8')
}

/** Sender and receiver change places; field 12 says which batch is answered. */
function answeringHeader(
  name: 'FHS' | 'BHS',
  to: Buffer | undefined,
  controlId: string,
  { epochMs, offsetMinutes }: BatchAckRequest,
): string {
  const { delimiters, fields } = headerOf(to)
  const field = (n: number) => printable(fields[n - 1] ?? '')
  const own = [`${name}${delimiters.field}${field(2) || '^~\\&'}`, field(5), field(6), field(3), field(4)]
  const rest = [formatDtm(epochMs, offsetMinutes), '', field(9), '', controlId, field(11)]
  return [...own, ...rest].join(delimiters.field)
}

/**
 * One answer about the batch itself, as if its header were a message's: MSA-2 is the batch's control id, and each
 * problem has its ERR.
 */
export function buildBatchProblemAck(
  request: Omit<AckRequest, 'to'> & {
    readonly header: Buffer | undefined
    readonly charset?: BatchSplit['charset']
  },
): Buffer {
  const { delimiters, fields } = headerOf(request.header)
  const field = (n: number) => fields[n - 1] ?? ''
  const places = [field(3), field(4), field(5), field(6), '', '', '', field(11)]
  const text = [`MSH${delimiters.field}${field(2) || '^~\\&'}`, ...places].join(delimiters.field)
  const answer = buildAck({ ...request, to: readIntake(Buffer.from(text, 'latin1')) })
  return request.charset === undefined ? answer : encodeText(answer.toString('utf8'), request.charset)
}

/** What is wrong with a batch, as ERR segments. The location is the trailer that should have said otherwise. */
export function batchErrors(problems: readonly BatchProblem[], severity: 'E' | 'W'): AckError[] {
  return problems.map((problem) => ({
    severity,
    applicationCode: `hl7-${problem.code}`,
    ...errorOf(problem),
  }))
}

function errorOf(problem: BatchProblem): Pick<AckError, 'code' | 'location' | 'text'> {
  switch (problem.code) {
    case 'batch-count':
    case 'file-count': {
      const segment = problem.code === 'batch-count' ? 'BTS' : 'FTS'
      const text = `${segment}-1 says ${problem.expected}, ${problem.actual} came`
      return { code: '198', location: { segment, sequence: problem.batch ?? 1, field: 1 }, text }
    }
    case 'batch-trailer-missing':
      return {
        code: '100',
        location: { segment: 'BTS', sequence: problem.batch ?? 1 },
        text: errorTexts['100'],
      }
    case 'file-trailer-missing':
      return { code: '100', location: { segment: 'FTS' }, text: errorTexts['100'] }
    case 'outside':
      return { code: '100', text: `${problem.lines} lines belong to no message` }
  }
}

function headerOf(line: Buffer | undefined): { delimiters: Delimiters; fields: readonly string[] } {
  const text = line?.toString('latin1') ?? ''
  const read = readDelimiters(text)
  const delimiters = typeof read === 'string' ? standardDelimiters : read
  const [, ...fields] = typeof read === 'string' ? [] : text.split(delimiters.field, 20)
  // Field 1 is the separator itself.
  return { delimiters, fields: [delimiters.field, ...fields] }
}

/** What would break a frame or a segment is left out. */
function printable(raw: string): string {
  // oxlint-disable-next-line no-control-regex
  return raw.replace(/[\0\x0b\x1c\r\n]/g, '')
}
