import fc from 'fast-check'
import { expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import type { Words } from '../../fhir/index.ts'
import { requiredBeginnings } from './words.ts'

const phrase = (text: string): Words => ({ by: 'phrase', text })

test('what a query can not do without is in every text that it finds', async () => {
  await using database = await testDatabase()
  const words = [
    'Haus',
    'Häuser',
    'Straße',
    'Strassen',
    'Fußweg',
    'Fussweg',
    'cardiologue',
    'cardiologie',
    'élevée',
    'running',
    'runs',
    'ran',
  ]
  const word = fc.constantFrom(...words, ...words.map((each) => each.toUpperCase()))
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { minLength: 1, maxLength: 4 }),
      fc.array(word, { minLength: 1, maxLength: 2 }),
      async (text, query) => {
        const written = text.join(' ')
        const asked = query.join(' ')
        const [row] = await database.db.query<{ found: boolean; may: boolean }>(database.tenant, {
          text: `select content_words(c) @@ words_query($2) as found,
            not exists (select from unnest($3::text[]) p(p) where not lower(c::text collate pg_c_utf8) ~ p.p) as may
          from (select jsonb_build_object('x', $1::text)) t(c)`,
          values: [written, asked, requiredBeginnings({ by: 'all', of: query.map(phrase) })],
        })
        expect(row!.found && !row!.may, `${written} / ${asked}`).toBe(false)
      },
    ),
    { numRuns: 300 },
  )
})

test('a word that another may stand for is not required', () => {
  const [heart, lung] = [phrase('heart'), phrase('lung')]
  expect(requiredBeginnings({ by: 'any', of: [heart, lung] })).toEqual([])
  const without: Words = { by: 'not', of: lung }
  expect(requiredBeginnings({ by: 'all', of: [phrase('heart failure'), without] })).toEqual(['h', 'f[aä]i'])
})
