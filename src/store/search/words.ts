/** Words of a resource, by PostgreSQL's text search. https://hl7.org/fhir/R4/search.html#content */
import type { WordsCondition } from './condition.ts'
import { type Sql, sql } from './sql.ts'

/**
 * A resource's words are kept as they are and in the stems of French, German and English, so that a query finds them
 * in whatever of these languages both are. `"…"`, `or` and `-word` mean what they do on the web.
 */
export function matchesWords({ of, query }: WordsCondition, r: Sql): Sql {
  return sql`${wordsOf(of, r)} @@ words_query(${query}::text)`
}

/** The more often and the closer together the words stand, the higher. */
export function wordsScore(conditions: readonly WordsCondition[], r: Sql): Sql {
  return conditions
    .map(({ of, query }) => sql`ts_rank_cd(${wordsOf(of, r)}, words_query(${query}::text))`)
    .reduce((sum, one) => sql`${sum} + ${one}`)
}

function wordsOf(of: WordsCondition['of'], r: Sql): Sql {
  return of === 'narrative' ? sql`narrative_words(${r}.content)` : sql`content_words(${r}.content)`
}
