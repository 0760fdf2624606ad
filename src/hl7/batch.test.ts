import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitBatch } from './index.ts'

const FHS = 'FHS|^~\\&|LAB'
const BHS = 'BHS|^~\\&|LAB'
const message = (id: string): string => `MSH|^~\\&|LAB|||||||${id}\rPID|1||${id}`

function split(...lines: string[]) {
  const { messages, ...rest } = splitBatch(Buffer.from(`${lines.join('\r')}\r`))
  return {
    ...rest,
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
  expect(splitBatch(Buffer.alloc(0))).toEqual({ messages: [], batches: 0, problems: [] })
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
