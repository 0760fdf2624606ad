/** Words of a resource, by PostgreSQL's text search. https://hl7.org/fhir/R4/search.html#content */
import type { Words } from '../../fhir/index.ts'
import type { WordsCondition } from './condition.ts'
import { all, either, join, type Sql, sql } from './sql.ts'

/**
 * A resource's words are kept as they are and in the stems of French, German and English, so that a query finds them
 * in whatever of these languages both are.
 */
export function matchesWords({ of, query }: WordsCondition, r: Sql): Sql {
  const met = sql`${wordsOf(of, r)} @@ ${queryOf(query)}`
  const required = requiredWords(query)
  if (required.length === 0) return met
  // Taking a resource's words costs half a millisecond, so those that can't have them are put aside first: by a case,
  // since a condition that is of no column here would be looked at before the others.
  const may = required.map(({ word, beginning }) => sql`(t.text ~ ${beginning}::text or ${isLeftOut(word)})`)
  const written = of === 'narrative' ? sql`(${r}.content #>> '{text,div}')` : sql`${r}.content::text`
  return sql`exists (select from (select lower(${written} collate pg_c_utf8) as text offset 0) t
    where case when ${all(may)} then ${met} else false end)`
}

/** A language leaves it out of texts and queries: what is asked for may be met without it. Worked out once. */
export function isLeftOut(word: string): Sql {
  const leftOut = ['french', 'german', 'english'].map(
    (language) => sql`length(to_tsvector(${`pg_catalog.${language}`}::regconfig, ${word}::text)) = 0`,
  )
  return sql`(select ${either(leftOut)})`
}

/** A word that a query can't do without, unless it is left out, and how what stands for it begins. */
interface RequiredWord {
  readonly word: string
  /** A pattern. */
  readonly beginning: string
}

/**
 * Of a beginning so many letters count as no stemmer takes away or changes, but German's ä and ß, French's é and English's
 * y. None when a word stands for another.
 */
export function requiredWords(query: Words): RequiredWord[] {
  if (query.by === 'all') return query.of.flatMap(requiredWords)
  if (query.by !== 'phrase') return []
  const words = query.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  return words.map((word) => ({ word, beginning: WORD_BEGINS + alike(stemOf(word)) }))
}

function stemOf(word: string): string {
  return word.slice(0, Math.min(Math.max(SHORTEST, word.length - 4), LONGEST))
}

function alike(beginning: string): string {
  return beginning.replaceAll(/ss|ß|s$|[aäoöuüeéèêiy]/g, (letter) => ALIKE[letter]!)
}

/** Behind what is no letter, or behind the letter of a line break as JSON writes it. */
const WORD_BEGINS = String.raw`(?:[^a-zß-öø-ÿ]|\\[bfnrt]|\\u....)`

/** No stem of these languages is shorter, unless the word is. */
const SHORTEST = 2

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
  e: '[eéèê]',
  é: '[eéèê]',
  è: '[eéèê]',
  ê: '[eéèê]',
  i: '[iy]',
  y: '[iy]',
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
