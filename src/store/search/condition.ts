/**
 * What the index is asked. A criterion of a search (values OR-ed) is one condition; conditions are AND-ed.
 * Each can begin a search (enumerate the resources that meet it) or check one resource; see sql/0002 for why each of
 * these has exactly one index that can serve it.
 */
import type { TenantId } from '../../kernel/ids.ts'
import { epoch } from '../index-rows.ts'
import { join, type Sql, sql } from './sql.ts'

/** An instant interval of a search value and how a resource's interval has to stand to it. */
export interface DateComparison {
  readonly prefix: 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'
  readonly from: number
  readonly to: number
}

export interface StringMatch {
  readonly how: 'starts' | 'exact' | 'contains'
  /** Normalised and cut as the index has it. */
  readonly value: string
  /** As written, for `exact`. */
  readonly written: string
}

/** One of these: tokens, references and uris alike. */
export interface TokenCondition {
  readonly by: 'token'
  readonly hashes: readonly string[]
  /** Any code of a system (`system|`), found by the values' own order: `order` is that of the parameter. */
  readonly systems: readonly { readonly order: string; readonly system: string }[]
}

/** Conditions that an index can enumerate, and so begin a search with. */
export type Condition =
  | TokenCondition
  | { readonly by: 'string'; readonly param: string; readonly matches: readonly StringMatch[] }
  | { readonly by: 'date'; readonly param: string; readonly comparisons: readonly DateComparison[] }

/** Conditions on the row of the resource that no index of theirs can begin with. */
export type RowCondition =
  | { readonly by: 'id'; readonly ids: readonly string[] }
  | { readonly by: 'last-updated'; readonly comparisons: readonly DateComparison[] }

/** Whether the resource with this number has one of the tokens: one lookup in token_pkey for each hash. */
export function tokenProbe(tenant: TenantId, { hashes, systems }: TokenCondition, rid: Sql): Sql {
  const byHash = sql`exists (select from token p where p.tenant = ${tenant}::int
    and p.hash = any(${arrayOf(hashes)}::bigint[]) and p.rid = ${rid} offset 0)`
  const bySystem = systems.map(
    ({ order, system }) => sql`exists (select from token_value v join token p on p.tenant = ${tenant}::int
      and p.hash = v.hash and p.rid = ${rid} where v.param = ${order}::bigint and ${inSystem(system)} offset 0)`,
  )
  return either(hashes.length === 0 ? bySystem : [byHash, ...bySystem])
}

/** Values are spelled `system|code`; `}` is what comes after `|`. */
function inSystem(system: string): Sql {
  return sql`v.value >= ${`${system}|`}::text and v.value < ${`${system}}`}::text`
}

/** All resources that meet the condition, as `select rid`; one may come twice, and `exact` is left to rowTest. */
export function enumerate(tenant: TenantId, condition: Condition): Sql {
  switch (condition.by) {
    case 'token': {
      const byHash = sql`select p.rid from token p where p.tenant = ${tenant}::int
        and p.hash = any(${arrayOf(condition.hashes)}::bigint[])`
      const bySystem = condition.systems.map(
        ({ order, system }) => sql`select p.rid from token_value v join token p on p.tenant = ${tenant}::int
          and p.hash = v.hash where v.param = ${order}::bigint and ${inSystem(system)}`,
      )
      return join([byHash, ...bySystem], ' union all ', byHash)
    }
    case 'string': {
      const test = either(condition.matches.map((match) => matchString(match, sql`p.value`)))
      return sql`select p.rid from string_value p where p.tenant = ${tenant}::int
        and p.param = ${condition.param}::bigint and ${test}`
    }
    case 'date': {
      const test = either(
        condition.comparisons.map((comparison) => compareDates(comparison, sql`p.lo`, sql`p.hi`)),
      )
      return sql`select p.rid from date_value p where p.tenant = ${tenant}::int
        and p.param = ${condition.param}::bigint and ${test}`
    }
  }
}

/** Strings, dates, id and time of change, read off `resource r`. */
export function rowTest(condition: Exclude<Condition, { by: 'token' }> | RowCondition): Sql {
  switch (condition.by) {
    case 'id':
      return sql`r.id = any(${condition.ids}::text[])`
    case 'last-updated': {
      const ms = sql`(extract(epoch from r.last_updated) * 1000)::bigint`
      // An instant covers its millisecond.
      return either(condition.comparisons.map((comparison) => compareDates(comparison, ms, sql`(${ms} + 1)`)))
    }
    case 'date': {
      const test = either(
        condition.comparisons.map((comparison) =>
          compareDates(comparison, sql`r.dates[i + 1]`, sql`r.dates[i + 2]`),
        ),
      )
      return sql`exists (select from generate_series(1, cardinality(r.dates), 3) i
        where r.dates[i] = ${condition.param}::bigint and ${test})`
    }
    case 'string': {
      const test = either(
        condition.matches.map((match) =>
          match.how === 'exact'
            ? sql`r.strings[i + 2] = ${match.written}::text`
            : matchString(match, sql`r.strings[i + 1]`),
        ),
      )
      return sql`exists (select from generate_series(1, cardinality(r.strings), 3) i
        where r.strings[i] = ${condition.param}::text and ${test})`
    }
  }
}

/** An array literal of numbers. */
export function arrayOf(numbers: readonly (string | number)[]): string {
  return `{${numbers.join(',')}}`
}

function either(tests: readonly Sql[]): Sql {
  return sql`(${join(tests, ' or ', sql`false`)})`
}

/** FHIR R4 search.html#prefix: intervals are half open, [lo, hi) of the resource against [from, to) of the search. */
function compareDates({ prefix, from, to }: DateComparison, lo: Sql, hi: Sql): Sql {
  const a = sql`${epoch(from)}::bigint`
  const b = sql`${epoch(to)}::bigint`
  const contained = sql`(${lo} >= ${a} and ${hi} <= ${b})`
  switch (prefix) {
    case 'eq':
      return contained
    case 'ne':
      return sql`not ${contained}`
    case 'gt':
      return sql`${hi} > ${b}`
    case 'lt':
      return sql`${lo} < ${a}`
    case 'ge':
      return sql`(${hi} > ${b} or ${contained})`
    case 'le':
      return sql`(${lo} < ${a} or ${contained})`
    case 'sa':
      return sql`${lo} >= ${b}`
    case 'eb':
      return sql`${hi} <= ${a}`
    case 'ap':
      return sql`(${lo} < ${b} and ${hi} > ${a})`
  }
}

function matchString({ how, value }: StringMatch, column: Sql): Sql {
  switch (how) {
    case 'starts': {
      const end = successor(value)
      const from = sql`${column} >= ${value}::text`
      return end === undefined ? from : sql`(${from} and ${column} < ${end}::text)`
    }
    case 'exact':
      return sql`${column} = ${value}::text`
    case 'contains':
      return sql`strpos(${column}, ${value}::text) > 0`
  }
}

/** The least text, in the order of code points, that is greater than every text that begins with this one. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix)
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!
    // The surrogates are not characters; PostgreSQL's "C" order is that of UTF-8, which is that of code points.
    if (last < 0x10ffff) return points.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}
