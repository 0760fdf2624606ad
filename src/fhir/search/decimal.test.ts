import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimalRange } from '../index.ts'

test.each([
  ['100', '99.5', '100.5'],
  ['1.10', '1.095', '1.105'],
  ['-0.5', '-0.55', '-0.45'],
  ['1e2', '95', '105'],
  ['1.0E-2', '0.0095', '0.0105'],
  ['0', '-0.5', '0.5'],
  ['52.692030001960916', '52.6920300019609155', '52.6920300019609165'],
])('%s means %s to %s', (text, low, high) => expect(decimalRange(text)).toMatchObject({ low, high }))

test.each(
  ['', '.5', '5.', '1,5', 'NaN', '1e9999', '1'.repeat(100_000), '0x10', '١'].map(
    (text) => [text.slice(0, 20), text] as const,
  ),
)('%j is no decimal', (_shown, text) => {
  expect(decimalRange(text)).toBeUndefined()
})

test('a value lies in the middle of its range', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), (double) => {
      const number = double + 0 // no -0
      const { value, low, high } = decimalRange(String(number))!
      expect(Number(value)).toBe(number)
      expect(Number(low)).toBeLessThanOrEqual(number)
      expect(Number(high)).toBeGreaterThanOrEqual(number)
    }),
  )
})
