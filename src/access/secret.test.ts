import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { generateSecret, hashChosen, hashGenerated, isSlow, verifySecret } from './secret.ts'

test('a generated secret fits its hash, and no other does', async () => {
  const [secret, other] = [generateSecret(), generateSecret()]
  const stored = hashGenerated(secret)
  expect(stored).not.toContain(secret)
  expect(await verifySecret(secret, stored)).toBe(true)
  expect(await verifySecret(other, stored)).toBe(false)
})

test('a chosen secret fits its PHC string, whatever its characters, and a neighbour does not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (secret) => {
      const stored = await hashChosen(secret)
      expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$=]+\$[^$=]+$/)
      expect(await verifySecret(secret, stored)).toBe(true)
      expect(await verifySecret(`${secret}x`, stored)).toBe(false)
    }),
    { numRuns: 5 },
  )
})

test('the same chosen secret has another hash each time', async () => {
  expect(await hashChosen('correct horse')).not.toBe(await hashChosen('correct horse'))
  expect(isSlow(await hashChosen('correct horse'))).toBe(true)
})

test.each(['', 'plain', '$argon2i$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aGFzaA', '$sha256$', '$2b$10$abc'])(
  'nothing fits the stored text "%s"',
  async (stored) => {
    expect(await verifySecret('', stored)).toBe(false)
    expect(await verifySecret('plain', stored)).toBe(false)
  },
)
