import { createHash } from 'node:crypto'

import { expect, test } from 'vitest'

import { hash64, presentHash } from './hash.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

test('a hash is the first bits of SHA-256, whatever was hashed in between', () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `Patient.family\u0003${i % 7_000}`)
  for (const text of [...texts, ...texts.toReversed()]) {
    expect(hash64(text)).toBe(digest(text).readBigInt64BE(0).toString())
    expect(presentHash(text)).toBe(digest(text).readInt32BE(0))
  }
})
