/** Words of a resource, by PostgreSQL's text search. https://hl7.org/fhir/R4/search.html#content */
import type { Condition } from './condition.ts'
import { type Sql, sql } from './sql.ts'

/**
 * A resource's words are kept as they are and in the stems of French, German and English, so that a query finds them
 * in whatever of these languages both are. `"…"`, `or` and `-word` mean what they do on the web.
 */
export function matchesWords({ of, query }: Extract<Condition, { by: 'words' }>, r: Sql): Sql {
  const words = of === 'narrative' ? sql`narrative_words(${r}.content)` : sql`content_words(${r}.content)`
  return sql`${words} @@ words_query(${query}::text)`
}
