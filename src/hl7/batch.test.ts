import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildBatchAck,
  buildBatchProblemAck,
  batchErrors,
  decodeText,
  encodeText,
  parseMessage,
  splitBatch,
} from './index.ts'

const FHS = 'FHS|^~\\&|LAB'
const BHS = 'BHS|^~\\&|LAB'
const message = (id: string): string => `MSH|^~\\&|LAB|||||||${id}\rPID|1||${id}`

function split(...lines: string[]) {
  const { messages, batches, problems } = splitBatch(Buffer.from(`${lines.join('\r')}\r`))
  return {
    batches,
    problems,
    ids: messages.map(({ bytes, batch }) => `${batch}:${/\|(\w+)\r$/.exec(bytes.toString())?.[1]}`),
  }
}

test('a file of batches gives its messages, and right counts give no problem', () => {
  expect(split(FHS, BHS, message('a'), message('b'), 'BTS|2', BHS, message('c'), 'BTS|1', 'FTS|2')).toEqual({
    ids: ['1:a', '1:b', '2:c'],
    batches: 2,
    problems: [],
  })
})

test('a batch without a file and messages without a batch are split too', () => {
  expect(split(BHS, message('a'), 'BTS|1')).toMatchObject({ ids: ['1:a'], problems: [] })
  expect(split(message('a'), message('b'))).toMatchObject({ ids: ['1:a', '1:b'], batches: 1, problems: [] })
  expect(split(FHS, message('a'), 'FTS|1')).toMatchObject({ ids: ['1:a'], problems: [] })
})

test('wrong counts, missing trailers and lines outside are told', () => {
  expect(split(FHS, BHS, message('a'), 'BTS|2', 'FTS|3').problems).toEqual([
    { code: 'batch-count', batch: 1, expected: 2, actual: 1 },
    { code: 'file-count', expected: 3, actual: 1 },
  ])
  expect(split(FHS, BHS, message('a')).problems).toEqual([
    { code: 'batch-trailer-missing', batch: 1 },
    { code: 'file-trailer-missing' },
  ])
  expect(split(FHS, BHS, 'PID|1', 'BTS|0', 'FTS').problems).toEqual([{ code: 'outside', lines: 1 }])
  expect(split('BTS|1').problems).toEqual([{ code: 'batch-count', batch: 1, expected: 1, actual: 0 }])
})

test('no trailer count means that nothing is claimed', () => {
  expect(split(BHS, message('a'), 'BTS').problems).toEqual([])
})

test('each message keeps its own bytes, delimiters and line ends', () => {
  const raw = Buffer.from('BHS|^~\\&|\r\nMSH$@*!%$A\r\nPID$1\r\nBTS$1\r\n\x1c\r')
  const { messages, problems } = splitBatch(raw)
  expect(messages.map(({ bytes }) => bytes.toString())).toEqual(['MSH$@*!%$A\r\nPID$1\r\n'])
  expect(problems).toEqual([])
  expect(splitBatch(Buffer.alloc(0))).toMatchObject({ messages: [], batches: 0, problems: [] })
})

test('the envelope is what the messages do not hold', () => {
  const raw = Buffer.from([FHS, BHS, message('a'), 'BTS|1', 'FTS|1', ''].join('\r'))
  const { file, headers, envelope } = splitBatch(raw)
  expect(String(file)).toBe(FHS)
  expect(headers.map(String)).toEqual([BHS])
  expect(envelope.toString()).toBe([FHS, BHS, 'BTS|1', 'FTS|1', ''].join('\r'))
})

test('UTF-16 is split between characters, and each message stays in it', () => {
  const text = [BHS, message('東'), message('b'), 'BTS|2', ''].join('\r')
  for (const charset of ['utf-16le', 'utf-16be'] as const) {
    const { messages, problems } = splitBatch(encodeText(text, charset))
    expect(messages.map(({ bytes }) => parseMessage(bytes).get('PID-3'))).toEqual(['東', 'b'])
    expect(problems).toEqual([])
  }
})

describe('the answer to a batch', () => {
  const AT = { controlId: 'A', epochMs: Date.UTC(2026, 0, 2) }
  const header = (name: string, id: string) =>
    `${name}|^~\\&|LAB|HOSP|EHR|CLINIC|20260101||Results|ours|${id}`
  const answer = (batch: number, text: string) => ({ batch, body: Buffer.from(`MSH|^~\\&|${text}\r`) })
  const file = [header('FHS', 'F1'), header('BHS', 'B1'), 'BTS', header('BHS', 'B2'), 'BTS', 'FTS']

  test('is a batch of the answers, in a file when it was one, and says which batch it answers', () => {
    const to = splitBatch(Buffer.from(file.join('\r')))
    const answers = [answer(1, 'one'), answer(2, 'two'), answer(2, 'three')]
    expect(
      buildBatchAck({ to, answers, ...AT })
        .toString()
        .split('\r'),
    ).toEqual([
      'FHS|^~\\&|EHR|CLINIC|LAB|HOSP|20260102000000+0000||Results||A|F1',
      'BHS|^~\\&|EHR|CLINIC|LAB|HOSP|20260102000000+0000||Results||A-1|B1',
      'MSH|^~\\&|one',
      'BTS|1',
      'BHS|^~\\&|EHR|CLINIC|LAB|HOSP|20260102000000+0000||Results||A-2|B2',
      'MSH|^~\\&|two',
      'MSH|^~\\&|three',
      'BTS|2',
      'FTS|2',
      '',
    ])
  })

  test('is in UTF-16 when the batch was', () => {
    const to = splitBatch(encodeText(file.join('\r'), 'utf-16le'))
    const body = encodeText('MSH|^~\\&|é\r', 'utf-16le')
    expect(decodeText(buildBatchAck({ to, answers: [{ batch: 1, body }], ...AT }), 'utf-16le')).toContain(
      '|é\r',
    )
  })

  test('tells each problem with its place', () => {
    const to = splitBatch(Buffer.from([header('BHS', 'B1'), message('a'), 'BTS|3', ''].join('\r')))
    const errors = batchErrors(to.problems, 'E')
    const [msh, msa, err] = buildBatchProblemAck({ header: to.headers[0], code: 'AR', errors, ...AT })
      .toString()
      .split('\r')
    expect(msh).toMatch(/^MSH\|\^~\\&\|EHR\|CLINIC\|LAB\|HOSP\|/)
    expect(msa).toMatch(/^MSA\|AR\|B1/)
    expect(err).toBe(
      'ERR||BTS^1^1^1|198^Non-conformant cardinality^HL70357|E|hl7-batch-count|||BTS-1 says 3, 1 came',
    )
  })

  test('can be given whatever the header says', () => {
    const line = fc.string({ unit: fc.constantFrom('|', '^', '&', 'A', '\0', '\x1c', '\x0b', 'é') })
    fc.assert(
      fc.property(fc.constantFrom('BHS|', 'BHS', 'FHS$', 'BHS|^~\\&|'), line, (head, rest) => {
        const to = splitBatch(Buffer.from(`${head}${rest}\rBTS|1\r`))
        const given = buildBatchAck({ to, answers: [], ...AT })
        expect(given.includes(0x0b) || given.includes(0x1c)).toBe(false)
        expect(splitBatch(given).problems).toEqual([])
      }),
    )
  })
})

test('any lines are split, and no message is lost', () => {
  const line = fc.constantFrom(FHS, BHS, 'BTS|1', 'FTS|1', 'MSH|^~\\&|A', 'PID|1', '', 'x', 'MSH', 'BTS')
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const { messages } = splitBatch(Buffer.from(lines.join('\r')))
      expect(messages).toHaveLength(lines.filter((text) => text.startsWith('MSH')).length)
    }),
  )
})
