/** The answer to a query: MSH, MSA, ERR, QAK, QPD as it came, then PID and PD1 of each person, DSC when there is more. */
import {
  buildAck,
  type Charset,
  decodeText,
  encodeText,
  type Hl7Message,
  parseMessage,
  refusalOf,
} from '../../hl7/index.ts'
import type { Placed } from '../../mapping/index.ts'
import { ownControlId } from '../answers.ts'
import type { Asked } from './question.ts'
import type { Person, Result } from './result.ts'

export interface ReplyInput {
  readonly asked: Asked
  /** MSH-9 of the answer: `['RSP', 'K22', 'RSP_K21']`. */
  readonly type: readonly [string, string, string]
  readonly result: Result
  /** QPD-2, for QAK. */
  readonly tag: string | undefined
  readonly epochMs: number
}

export function buildReply({ asked, type, result, tag, epochMs }: ReplyInput): Buffer {
  const refusal = result.did === 'fault' ? refusalOf(result.failure, result.location) : undefined
  const code = refusal === undefined ? 'AA' : refusal.verdict === 'rejected' ? 'AR' : 'AE'
  const { read } = asked
  const charset: Charset = read.charset ?? 'utf-8'
  const ack = buildAck({
    to: read,
    code,
    controlId: ownControlId(),
    epochMs,
    errors: refusal === undefined ? [] : [refusal.error],
    self: { application: 'PASSERELLE', facility: asked.channel.tenant },
  })
  const reply = parseMessage(`${decodeText(ack, charset)}${qpdOf(asked.message)}`, { charset })
  for (const [n, text] of type.entries()) reply.set(`MSH-9.${n + 1}`, text)
  acknowledge(reply, asked.message, { status: statusOf(result, code), tag, result })
  if (result.did === 'found') {
    for (const [index, person] of result.people.entries()) addPerson(reply, person, index + 1)
    if (result.next !== undefined) {
      reply.set('DSC-1', result.next)
      reply.set('DSC-2', 'I')
    }
  }
  // A character that the asker's set does not have must not keep the rest from her.
  return encodeText(reply.toString(), charset, { missing: 'question-mark' })
}

function qpdOf(message: Hl7Message): string {
  const raw = message.segment('QPD')?.raw
  return raw === undefined ? '' : `${raw}\r`
}

function statusOf(result: Result, code: 'AA' | 'AE' | 'AR'): string {
  if (result.did === 'fault') return code
  return result.people.length > 0 ? 'OK' : 'NF'
}

interface QueryAcknowledgement {
  readonly status: string
  readonly tag: string | undefined
  readonly result: Result
}

/** QAK stands ahead of QPD. QAK-4 to 6 are said when all that was found is here. */
function acknowledge(
  reply: Hl7Message,
  asked: Hl7Message,
  { status, tag, result }: QueryAcknowledgement,
): void {
  const before = reply.segment('ERR') ?? reply.segment('MSA')
  const qak = reply.addSegment('QAK', before)
  qak.set('1', tag)
  qak.set('2', status)
  for (const n of [1, 2, 3]) {
    const part = asked.get(`QPD-1.${n}`)
    if (part !== undefined) qak.set(`3.${n}`, part)
  }
  if (result.did === 'fault' || result.next !== undefined || asked.get('DSC-1') !== undefined) return
  for (const [field, count] of [
    ['4', result.people.length],
    ['5', result.people.length],
    ['6', 0],
  ] as const)
    qak.set(field, String(count))
}

function addPerson(reply: Hl7Message, { pid, pd1 = [] }: Person, number: number): void {
  const add = (name: string, placed: Placed): void => {
    const segment = reply.addSegment(name)
    for (const [place, value] of placed) segment.set(place, value)
  }
  add('PID', [['1', String(number)], ...pid])
  if (pd1.length > 0) add('PD1', pd1)
}
