import { describe, expect, test } from 'vitest'

import {
  parseDate,
  parseDateTime,
  parseDecimal,
  parseInteger,
  parseNameGroup,
  parseOffset,
  parseTime,
} from './values.ts'

describe('dates', () => {
  test.each([
    ['20260302', { year: 2026, month: 3, day: 2 }],
    ['1993.04.30', { year: 1993, month: 4, day: 30 }],
    ['1993-04-30', { year: 1993, month: 4, day: 30 }],
    ['202603', { year: 2026, month: 3 }],
    ['2026', { year: 2026 }],
    [' 20240229 ', { year: 2024, month: 2, day: 29 }],
  ])('%s', (text, expected) => expect(parseDate(text)).toEqual(expected))

  test.each(['', '0', '00000000', '20230229', '20261301', '20260332', '2026.0302', '26-03-02', 'ANON'])(
    'not %s',
    (text) => expect(parseDate(text)).toBeUndefined(),
  )
})

describe('times', () => {
  test.each([
    ['103000.120', { hour: 10, minute: 30, second: 0, fraction: '120' }],
    ['10:30:15', { hour: 10, minute: 30, second: 15, fraction: '' }],
    ['1030', { hour: 10, minute: 30, second: 0, fraction: '' }],
    ['10', { hour: 10, minute: 0, second: 0, fraction: '' }],
    ['235960', { hour: 23, minute: 59, second: 60, fraction: '' }],
  ])('%s', (text, expected) => expect(parseTime(text)).toEqual(expected))

  test.each(['', '24', '1060', '9', '103000.', 'noon'])('not %s', (text) =>
    expect(parseTime(text)).toBeUndefined(),
  )
})

test('offsets are minutes east of Greenwich', () => {
  expect(['+0200', '-0330', '+00:00', '+1500', 'Z'].map(parseOffset)).toEqual([
    120,
    -210,
    0,
    undefined,
    undefined,
  ])
})

test('a DT may stop anywhere, and may carry an offset', () => {
  expect(parseDateTime('20260302103000.5+0100')).toEqual({
    date: { year: 2026, month: 3, day: 2 },
    time: { hour: 10, minute: 30, second: 0, fraction: '5' },
    offset: 60,
  })
  expect(parseDateTime('202603')).toEqual({ date: { year: 2026, month: 3 } })
  expect(parseDateTime('2026030299')).toBeUndefined()
})

test('numbers are numbers or nothing', () => {
  expect(['12', ' -3 ', '+7', '1A', '', '99999999999'].map(parseInteger)).toEqual([
    12,
    -3,
    7,
    undefined,
    undefined,
    undefined,
  ])
  expect(['1.5', '-2e3', '.5', '1,5', ''].map(parseDecimal)).toEqual([1.5, -2000, 0.5, undefined, undefined])
})

test('a name has up to five components, and an empty one is none', () => {
  expect(parseNameGroup('Müller^Jörg^Karl^Dr.^Jr.')).toEqual({
    family: 'Müller',
    given: 'Jörg',
    middle: 'Karl',
    prefix: 'Dr.',
    suffix: 'Jr.',
  })
  expect(parseNameGroup('^^^^')).toBeUndefined()
  expect(parseNameGroup(' Doe ')).toEqual({ family: 'Doe' })
})
