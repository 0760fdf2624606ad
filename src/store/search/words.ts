/** Words of a resource, by PostgreSQL's text search. https://hl7.org/fhir/R4/search.html#content */
import type { Words } from '../../fhir/index.ts'
import type { WordsCondition } from './condition.ts'
import { all, join, type Sql, sql } from './sql.ts'

/**
 * A resource's words are kept as they are and in the stems of French, German and English, so that a query finds them
 * in whatever of these languages both are.
 */
export function matchesWords({ of, query }: WordsCondition, r: Sql): Sql {
  const met = sql`${wordsOf(of, r)} @@ ${queryOf(query)}`
  const beginnings = requiredBeginnings(query)
  if (beginnings.length === 0) return met
  // Taking a resource's words costs half a millisecond, so those that can't have them are put aside first.
  const may = beginnings.map((pattern) => sql`t.text ~ ${pattern}::text`)
  return sql`exists (select from (select lower(${r}.content::text collate pg_c_utf8) as text offset 0) t
    where ${all(may)} and ${met})`
}

/**
 * How the words begin that a query can't do without, as patterns: so many letters as no stemmer takes away, and German's
 * may turn ä to a. None when a word stands for another.
 */
export function requiredBeginnings(query: Words): string[] {
  if (query.by === 'all') return query.of.flatMap(requiredBeginnings)
  if (query.by !== 'phrase') return []
  return (query.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .map((word) => word.slice(0, Math.min(Math.max(1, word.length - 4), LONGEST)))
    .map((beginning) => beginning.replaceAll(/ss|ß|s$|[aäoöuü]/g, (letter) => ALIKE[letter]!))
}

/** A long pattern takes long to read, and finds no fewer. */
const LONGEST = 40

const ALIKE: Readonly<Record<string, string>> = {
  ss: '(ss|ß)',
  ß: '(ss|ß)',
  // Of an ss that was cut in two.
  s: '[sß]',
  a: '[aä]',
  ä: '[aä]',
  o: '[oö]',
  ö: '[oö]',
  u: '[uü]',
  ü: '[uü]',
}

/** The more often and the closer together the words stand, the higher. */
export function wordsScore(conditions: readonly WordsCondition[], r: Sql): Sql {
  return conditions
    .map(({ of, query }) => sql`ts_rank_cd(${wordsOf(of, r)}, ${queryOf(query)})`)
    .reduce((sum, one) => sql`${sum} + ${one}`)
}

function wordsOf(of: WordsCondition['of'], r: Sql): Sql {
  return of === 'narrative' ? sql`narrative_words(${r}.content)` : sql`content_words(${r}.content)`
}

function queryOf(words: Words): Sql {
  switch (words.by) {
    case 'phrase':
      return sql`words_query(${`"${words.text}"`}::text)`
    case 'all':
      return sql`(${join(words.of.map(queryOf), ' && ', sql`''::tsquery`)})`
    case 'any':
      return sql`(${join(words.of.map(queryOf), ' || ', sql`''::tsquery`)})`
    case 'not':
      return sql`(!! ${queryOf(words.of)})`
  }
}
