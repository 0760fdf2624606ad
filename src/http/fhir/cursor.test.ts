import { randomBytes } from 'node:crypto'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { makeCursorSeal } from './cursor.ts'

const seal = makeCursorSeal(randomBytes(32))

test('a cursor comes back as it was sealed, for the same search', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (cursor, scope) => {
      fc.pre(cursor !== '')
      const sealed = seal.seal(cursor, scope)
      expect(sealed).toMatch(/^[\w-]+$/)
      expect(seal.open(sealed, scope)).toBe(cursor)
    }),
  )
})

test('a cursor that was changed, or is of another search or installation, is refused', () => {
  const sealed = seal.seal('[1975,42]', 'demo Patient?')
  const refusal = expect.objectContaining({ kind: 'invalid', code: 'cursor-invalid' })
  const opening = (text: string, scope = 'demo Patient?', by = seal) => {
    try {
      return by.open(text, scope)
    } catch (failure) {
      return failure
    }
  }
  fc.assert(
    fc.property(
      fc.nat(Buffer.from(sealed, 'base64url').length - 1),
      fc.integer({ min: 1, max: 255 }),
      (at, flip) => {
        const bytes = Buffer.from(sealed, 'base64url')
        bytes[at]! ^= flip
        expect(opening(bytes.toString('base64url'))).toEqual(refusal)
      },
    ),
  )
  expect(opening(sealed, 'other Patient?')).toEqual(refusal)
  expect(opening(sealed, 'demo Patient?', makeCursorSeal(randomBytes(32)))).toEqual(refusal)
  expect(opening('')).toEqual(refusal)
})
