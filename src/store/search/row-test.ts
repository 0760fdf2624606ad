/**
 * SQL that tests one resource. `row` names the resource's row in the statement (`r`); conditions on what it refers to,
 * or on what refers to it, name rows of their own below it.
 */
import type { TenantId } from '../../kernel/ids.ts'
import type { ChainCondition, Condition, HasCondition, TokenCondition } from './condition.ts'
import { isOfTokens } from './condition.ts'
import { inSpan, matchString } from './enumerate.ts'
import { rangeSql } from './range-test.ts'
import { all, arrayOf, either, join, type Sql, sql, verbatim } from './sql.ts'
import { matchesWords } from './words.ts'

/** Whether the resource of this row meets the condition. */
export function rowTest(tenant: TenantId, condition: Condition, row: string): Sql {
  const r = verbatim(row)
  switch (condition.by) {
    case 'token':
      return tokenProbe(tenant, condition, sql`${r}.rid`)
    case 'id':
      return sql`${r}.id = any(${condition.ids}::text[])`
    case 'last-updated': {
      const ms = sql`(extract(epoch from ${r}.last_updated) * 1000)::bigint`
      // An instant covers its millisecond.
      return either(condition.tests.map((test) => rangeSql(test, ms, sql`(${ms} + 1)`)))
    }
    case 'range': {
      const tests = condition.tests.map(
        ({ param, ...test }) =>
          sql`(${r}.ranges[i] = ${param}::bigint and ${rangeSql(test, sql`${r}.ranges[i + 1]`, sql`${r}.ranges[i + 2]`)})`,
      )
      return sql`exists (select from generate_series(1, cardinality(${r}.ranges), 3) i where ${either(tests)})`
    }
    case 'string': {
      const tests = condition.matches.map((match) =>
        match.how === 'exact'
          ? sql`${r}.strings[i + 2] = ${match.written}::text`
          : matchString(match, sql`${r}.strings[i + 1]`),
      )
      return sql`exists (select from generate_series(1, cardinality(${r}.strings), 3) i
        where ${r}.strings[i] = ${condition.param}::text and ${either(tests)})`
    }
    case 'present':
      return sql`${condition.param}::int = any(${r}.present)`
    case 'places': {
      const tests = condition.beginnings.map((value) =>
        matchString({ how: 'starts', value, written: '' }, sql`t.text`),
      )
      return sql`exists (select from (${texts(condition.paths, r)}) w(written)
        cross join lateral (select normalise(w.written) as text) t where ${either(tests)})`
    }
    case 'near': {
      const { latitude, longitude, meters } = condition
      return sql`distance(${latitude}::float8, ${longitude}::float8, (${r}.content #>> '{position,latitude}')::float8,
        (${r}.content #>> '{position,longitude}')::float8) <= ${meters}::float8`
    }
    case 'words':
      return matchesWords(condition, r)
    case 'chain':
      return chain(tenant, condition, row)
    case 'has':
      return has(tenant, condition, row)
    case 'all':
      return all(condition.of.map((one) => rowTest(tenant, one, row)))
    case 'any':
      return either(condition.of.map((one) => rowTest(tenant, one, row)))
    case 'not':
      return sql`not ${rowTest(tenant, condition.of, row)}`
  }
}

/** Whether the resource with this number meets a condition that is of tokens only. */
export function numberTest(tenant: TenantId, condition: Condition, rid: Sql): Sql {
  switch (condition.by) {
    case 'token':
      return tokenProbe(tenant, condition, rid)
    case 'all':
      return all(condition.of.map((one) => numberTest(tenant, one, rid)))
    case 'any':
      return either(condition.of.map((one) => numberTest(tenant, one, rid)))
    case 'not':
      return sql`not ${numberTest(tenant, condition.of, rid)}`
    default:
      return sql`exists (select from resource o where o.rid = ${rid} and ${rowTest(tenant, condition, 'o')} offset 0)`
  }
}

/** One lookup in token_pkey for each hash. */
function tokenProbe(tenant: TenantId, { hashes, spans }: TokenCondition, rid: Sql): Sql {
  const byHash = sql`exists (select from token p where p.tenant = ${tenant}::int
    and p.hash = any(${arrayOf(hashes)}::bigint[]) and p.rid = ${rid} offset 0)`
  const bySpan = spans.map(
    (span) => sql`exists (select from token_value tv join token p on p.tenant = ${tenant}::int
      and p.hash = tv.hash and p.rid = ${rid} where ${inSpan(span)} offset 0)`,
  )
  return either(hashes.length === 0 ? bySpan : [byHash, ...bySpan])
}

/** Reads the references off the content, and each target's row by its key. */
function chain(tenant: TenantId, { paths, bases, targets }: ChainCondition, row: string): Sql {
  const inner = below(row)
  const t = verbatim(inner)
  const tests = targets.map(
    ({ type, condition }) => sql`exists (select from resource ${t} where ${t}.tenant = ${tenant}::int
      and ${t}.type = ${type}::text and ${t}.id = l.target[2] and l.target[1] = ${type}::text
      and not ${t}.deleted and ${rowTest(tenant, condition, inner)} offset 0)`,
  )
  return sql`exists (select from (${texts(paths, verbatim(row))}) w(written)
    cross join lateral (select local_reference(w.written, ${bases}::text[]) as target offset 0) l
    where ${either(tests)})`
}

/** What refers to the resource is found by the token of the reference to it. */
function has(tenant: TenantId, { type, reference, condition }: HasCondition, row: string): Sql {
  const inner = below(row)
  const [r, o, p] = [verbatim(row), verbatim(inner), verbatim(`p${inner}`)]
  const test = isOfTokens(condition)
    ? numberTest(tenant, condition, sql`${p}.rid`)
    : sql`exists (select from resource ${o} where ${o}.rid = ${p}.rid and ${rowTest(tenant, condition, inner)} offset 0)`
  return sql`exists (select from token ${p} where ${p}.tenant = ${tenant}::int
    and ${p}.hash = reference_hash(${reference}::text, ${`${type}/`}::text || ${r}.id) and ${test} offset 0)`
}

function texts(paths: readonly string[], r: Sql): Sql {
  const each = paths.map((path) => sql`select jsonb_path_query(${r}.content, ${path}::jsonpath) #>> '{}'`)
  return join(each, ' union all ', sql`select null::text where false`)
}

function below(row: string): string {
  return `${row}_`
}
