import fc from 'fast-check'
import { expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import type { Words } from '../../fhir/index.ts'
import { all, sql, toStatement } from './sql.ts'
import { isLeftOut, requiredWords } from './words.ts'

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
    'rare',
    'rarement',
    'rues',
    'rue',
    'nées',
    'né',
    'été',
    'âgée',
    'âgés',
    'tie',
    'ties',
    'tying',
    'dying',
    'die',
    'cries',
    'cry',
    'owed',
    'owe',
    'sky',
    'skies',
    'Ödem',
    'Ödeme',
    'Öl',
    'yeux',
    'finir',
    'finissons',
    'aimé',
    'usées',
    'use',
    'zwischen',
    'for',
  ]
  const word = fc.constantFrom(...words, ...words.map((each) => each.toUpperCase()))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(' ', '\n', '\t', '-', '/', '(', '<b>', '_', '’', '5'), word), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.array(word, { minLength: 1, maxLength: 2 }),
      async (text, query) => {
        const written = text.flat().join('')
        const asked = query.join(' ')
        const may = requiredWords({ by: 'all', of: query.map(phrase) }).map(
          ({ word, beginning }) =>
            sql`(lower(c::text collate pg_c_utf8) ~ ${beginning}::text or ${isLeftOut(word)})`,
        )
        const [row] = await database.db.query<{ found: boolean; may: boolean }>(
          database.tenant,
          toStatement(sql`select content_words(c) @@ words_query(${asked}::text) as found, ${all(may)} as may
            from (select jsonb_build_object('x', ${written}::text)) t(c)`),
        )
        expect(row!.found && !row!.may, `${written} / ${asked}`).toBe(false)
      },
    ),
    { numRuns: 60 },
  )
})

test('a word that another may stand for is not required', () => {
  const [heart, lung] = [phrase('heart'), phrase('lung')]
  expect(requiredWords({ by: 'any', of: [heart, lung] })).toEqual([])
  const without: Words = { by: 'not', of: lung }
  const required = requiredWords({ by: 'all', of: [phrase('heart failure'), without] })
  expect(required.map(({ word }) => word)).toEqual(['heart', 'failure'])
})
