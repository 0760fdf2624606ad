import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDtm, parseDtm, parseTm } from './index.ts'

test('precision, fraction and offset are kept as written', () => {
  expect(parseDtm('2026')).toMatchObject({ precision: 'year', year: 2026, month: undefined })
  expect(parseDtm('202601')).toMatchObject({ precision: 'month', month: 1 })
  expect(parseDtm('20260102')).toMatchObject({ precision: 'day', day: 2 })
  expect(parseDtm('2026010203')).toMatchObject({ precision: 'hour', hour: 3, minute: undefined })
  expect(parseDtm('202601020304')).toMatchObject({ precision: 'minute', minute: 4, offsetMinutes: undefined })
  expect(parseDtm('20260102030405-0330')).toMatchObject({
    precision: 'second',
    second: 5,
    offsetMinutes: -210,
  })
  expect(parseDtm('20260102030405.0400+0100')).toMatchObject({
    precision: 'fraction',
    fraction: '0400',
    offsetMinutes: 60,
  })
})

test('zeros for what is not known lower the precision', () => {
  expect(parseDtm('19800000')).toMatchObject({ precision: 'year', year: 1980, month: undefined })
  expect(parseDtm('19800500')).toMatchObject({ precision: 'month', month: 5, day: undefined })
  expect(parseDtm('198005000000')).toMatchObject({ precision: 'month', hour: undefined })
  expect(parseDtm('00000000')).toBeUndefined()
  expect(parseDtm('0000')).toBeUndefined()
})

test.each([
  '',
  'x',
  '20261',
  '20261301',
  '20260230',
  '20250229',
  '2026010224',
  '202601020360',
  '2026-01-02',
  '20260102+9900',
  '19800012',
])('no date: %j', (text) => {
  expect(parseDtm(text)).toBeUndefined()
})

test('29 February is a day of leap years', () => {
  expect(parseDtm('20240229')).toBeDefined()
  expect(parseDtm('19000229')).toBeUndefined()
})

test('times of day', () => {
  expect(parseTm('0304')).toMatchObject({ precision: 'minute', hour: 3, minute: 4 })
  expect(parseTm('030405.1+0000')).toMatchObject({ precision: 'fraction', fraction: '1', offsetMinutes: 0 })
  expect(parseTm('24')).toBeUndefined()
  expect(parseTm('3')).toBeUndefined()
})

test('a moment that is written reads back as the same moment', () => {
  const moment = fc.integer({ min: 0, max: 4e12 }).map((ms) => Math.floor(ms / 1000) * 1000)
  fc.assert(
    fc.property(moment, fc.integer({ min: -12 * 60, max: 14 * 60 }), (ms, offset) => {
      const dtm = parseDtm(formatDtm(ms, offset))!
      const local = Date.UTC(dtm.year, dtm.month! - 1, dtm.day, dtm.hour, dtm.minute, dtm.second)
      expect(local - dtm.offsetMinutes! * 60_000).toBe(ms)
    }),
  )
})
