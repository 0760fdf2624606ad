import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDate, isDateTime, isInstant, isTime, periodInterval, toInterval } from './dates.ts'
import { makeTimeZone, utc } from './time-zone.ts'

const paris = makeTimeZone('Europe/Paris')
const at = (text: string) => Date.parse(text)

function hours(text: string): number {
  const { from, to } = toInterval(text, paris)!
  return (to - from) / 3_600_000
}

describe('a partial date is the interval of what it may mean', () => {
  test.each([
    ['2024', '2023-12-31T23:00:00Z', '2024-12-31T23:00:00Z'],
    ['2024-02', '2024-01-31T23:00:00Z', '2024-02-29T23:00:00Z'],
    ['2024-07-14', '2024-07-13T22:00:00Z', '2024-07-14T22:00:00Z'],
    ['2024-07-14T08:30', '2024-07-14T06:30:00Z', '2024-07-14T06:31:00Z'],
    ['2024-07-14T08:30:05', '2024-07-14T06:30:05Z', '2024-07-14T06:30:06Z'],
    ['2024-07-14T08:30:05Z', '2024-07-14T08:30:05Z', '2024-07-14T08:30:06Z'],
    ['2024-07-14T08:30:05.25-05:00', '2024-07-14T13:30:05.250Z', '2024-07-14T13:30:05.260Z'],
    ['2024-07-14T08:30:05.123456+02:00', '2024-07-14T06:30:05.123Z', '2024-07-14T06:30:05.124Z'],
  ])('%s in Paris', (text, from, to) => {
    expect(toInterval(text, paris)).toEqual({ from: at(from), to: at(to) })
  })

  test('the day when summer time begins has 23 hours, the day when it ends 25', () => {
    expect([hours('2024-03-31'), hours('2024-10-27'), hours('2024-10-28')]).toEqual([23, 25, 24])
  })

  test('a local time that is shown twice is the first; one that is skipped has the offset before', () => {
    expect(toInterval('2024-10-27T02:30:00', paris)!.from).toBe(at('2024-10-27T00:30:00Z'))
    expect(toInterval('2024-03-31T02:30:00', paris)!.from).toBe(at('2024-03-31T01:30:00Z'))
  })

  test('years before 100 stay themselves', () => {
    expect(toInterval('0099', utc)!.from).toBe(new Date('0099-01-01T00:00:00Z').getTime())
  })

  test('a period takes the first moment of its start and the last of its end; a missing end is open', () => {
    expect(periodInterval('2024-01-01', '2024-01-02', utc)).toEqual({
      from: at('2024-01-01T00:00:00Z'),
      to: at('2024-01-03T00:00:00Z'),
    })
    expect(periodInterval(undefined, '2024', utc)).toEqual({
      from: -Infinity,
      to: at('2025-01-01T00:00:00Z'),
    })
    expect(periodInterval('2024', undefined, utc)!.to).toBe(Infinity)
    expect(periodInterval(undefined, undefined, utc)).toBeUndefined()
  })
})

describe('what is no date', () => {
  test.each([
    '',
    '24',
    '2024-13',
    '2024-00',
    '2023-02-29',
    '2024-04-31',
    '2024-1-1',
    '0000',
    '2024-01-01T24:00:00Z',
  ])('%j', (text) => expect(toInterval(text, utc)).toBeUndefined())

  test('a dateTime with a time needs seconds and an offset, an instant the same', () => {
    expect([isDateTime('2024-01-01T10:00Z'), isDateTime('2024-01-01T10:00:00')]).toEqual([false, false])
    expect([isDateTime('2024'), isDateTime('2024-01-01T10:00:00Z'), isInstant('2024-01-01')]).toEqual([
      true,
      true,
      false,
    ])
    expect(isInstant('2024-01-01T10:00:00.5+14:00')).toBe(true)
    expect([isInstant('2024-01-01T10:00:00+14:01'), isInstant('2024-01-01T10:00:00+02:75')]).toEqual([
      false,
      false,
    ])
    expect([isDate('2024-05'), isDate('2024-05-01T10:00:00Z')]).toEqual([true, false])
  })

  test('a time of day has seconds and no offset', () => {
    expect([isTime('08:00:00'), isTime('08:00'), isTime('24:00:00'), isTime('08:00:00Z')]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

test('every moment lies in the interval of its own second, in any zone', () => {
  const zones = ['Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'].map(
    makeTimeZone,
  )
  const moment = fc.date({ min: new Date('1971-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(moment, fc.constantFrom(...zones), (date, zone) => {
      const second = Math.floor(date.getTime() / 1000) * 1000
      const local = new Date(second + zone.offsetAt(second)).toISOString().slice(0, 19)
      const { from } = toInterval(local, zone)!
      // Twice shown hours come back as the first of the two.
      expect([0, 1_800_000, 3_600_000]).toContain(second - from)
    }),
  )
})
