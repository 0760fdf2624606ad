/**
 * SQL that tests one resource. `row` names the resource's row in the statement (`r`); conditions on what it refers to,
 * or on what refers to it, name rows of their own below it.
 */
import type { TenantId } from '../../kernel/ids.ts'
import { LONG_STRING } from '../cut.ts'
import type { ChainCondition, Condition, HasCondition, StringMatch, TokenCondition } from './condition.ts'
import { isOfTokens } from './condition.ts'
import { areSeveral, matchString, spanHashes } from './enumerate.ts'
import { rangeSql } from './range-test.ts'
import { standsAt } from './sort-keys.ts'
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
      const tests = condition.matches.map((match) => stringTest(match, r))
      return sql`exists (select from generate_series(1, cardinality(${r}.strings), 3) i
        where ${r}.strings[i] = ${condition.param}::text and ${either(tests)})`
    }
    case 'present':
      return sql`${condition.param}::int = any(${r}.present)`
    case 'patients':
      return sql`cardinality(${r}.patients) > 0`
    case 'places':
      return placesTest(condition.paths, condition.beginnings, r)
    case 'written':
      return sql`exists (select from (${textsAt(condition.paths, r)}) w(written)
        where w.written = any(${condition.values}::text[]))`
    case 'near': {
      const { latitude, longitude, meters } = condition
      return sql`distance(${latitude}::float8, ${longitude}::float8, (${r}.content #>> '{position,latitude}')::float8,
        (${r}.content #>> '{position,longitude}')::float8) <= ${meters}::float8`
    }
    case 'key':
      return standsAt(condition, r)
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

/**
 * One string of the row: (…, normalised and cut, as written). What is long is compared whole; what has nothing written is
 * a part of another one, which is found by it but is not and does not end with it.
 */
function stringTest(match: StringMatch, r: Sql): Sql {
  const [cut, written] = [sql`${r}.strings[i + 1]`, sql`${r}.strings[i + 2]`]
  if (match.how === 'exact') return sql`${written} = ${match.written}::text`
  const short = matchString(match, cut)
  const whole = sql`length(${cut}) >= ${LONG_STRING}::int and ${matchString({ ...match, value: match.whole }, sql`normalise(${written})`)}`
  const any = sql`(length(${cut}) < ${LONG_STRING}::int and ${short} or ${whole})`
  return match.how === 'starts' || match.how === 'contains' ? any : sql`(${any} and ${written} <> '')`
}

/** Texts at these places begin so: what begins with another letter of ASCII is put aside before it is normalised. */
function placesTest(paths: readonly string[], beginnings: readonly string[], r: Sql): Sql {
  const tests = beginnings.map((value) => matchString({ how: 'starts', value }, sql`t.text`))
  const first = new Set(beginnings.map((value) => value.charAt(0)))
  const others = LETTERS.filter((letter) => !first.has(letter.toLowerCase())).map((letter) =>
    letter.charCodeAt(0),
  )
  return sql`exists (select from (${textsAt(paths, r)}) w(written)
    where case when ascii(w.written) = any(${arrayOf(others)}::int[]) then false
      else (select ${either(tests)} from (select normalise(w.written) as text offset 0) t) end)`
}

/** They stay what they are but for their case, whatever stands behind them. */
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789']

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

/** One lookup in token_pkey for each hash; hashes that only token_value knows are read once, when they are several. */
function tokenProbe(tenant: TenantId, { hashes, spans }: TokenCondition, rid: Sql): Sql {
  const among = (these: Sql) => sql`exists (select from token p where p.tenant = ${tenant}::int
    and p.hash = any(${these}) and p.rid = ${rid} offset 0)`
  const byHash = among(sql`${arrayOf(hashes)}::bigint[]`)
  const bySpan = spanHashes(spans).map((known) =>
    areSeveral(spans)
      ? among(sql`array(${known})`)
      : sql`exists (select from (${known}) tv join token p on p.tenant = ${tenant}::int
          and p.hash = tv.hash and p.rid = ${rid} offset 0)`,
  )
  return either(hashes.length === 0 ? bySpan : [byHash, ...bySpan])
}

/** Reads the references off the content, and each target's row by its key. */
function chain(tenant: TenantId, condition: ChainCondition, row: string): Sql {
  if (condition.canonical) return canonicalChain(tenant, condition, row)
  const { paths, bases, targets } = condition
  const inner = below(row)
  const t = verbatim(inner)
  const tests = targets.map(
    ({ type, condition }) => sql`exists (select from resource ${t} where ${t}.tenant = ${tenant}::int
      and ${t}.type = ${type}::text and ${t}.id = l.target[2] and l.target[1] = ${type}::text
      and not ${t}.deleted and ${rowTest(tenant, condition, inner)} offset 0)`,
  )
  return sql`exists (select from (${textsAt(paths, verbatim(row))}) w(written)
    cross join lateral (select ${localTarget(bases)} as target offset 0) l
    where ${either(tests)})`
}

/** The targets are found by the tokens of their URLs; a version that is named has to be theirs. */
function canonicalChain(tenant: TenantId, { paths, targets }: ChainCondition, row: string): Sql {
  const inner = below(row)
  const [t, p] = [verbatim(inner), verbatim(`p${inner}`)]
  const tests = targets.map(
    ({ type, condition }) => sql`exists (select from token ${p}
      cross join lateral (select o.* from resource o where o.rid = ${p}.rid offset 0) ${t}
      where ${p}.tenant = ${tenant}::int and ${p}.hash = ${uriHash(type, sql`split_part(w.written, '|', 1)`)}
      and not ${t}.deleted and split_part(w.written, '|', 2) in ('', ${t}.content ->> 'version')
      and ${rowTest(tenant, condition, inner)} offset 0)`,
  )
  return sql`exists (select from (${textsAt(paths, verbatim(row))}) w(written) where ${either(tests)})`
}

/** As store/hash.ts makes it. */
function uriHash(type: string, url: Sql): Sql {
  return sql`('x' || encode(substr(sha256(convert_to(${`${type}.url`}::text || e'\\x04' || ${url}, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint`
}

/** What refers to the resource is found by the tokens of the references to it. */
function has(tenant: TenantId, { type, references, canonical, condition }: HasCondition, row: string): Sql {
  const inner = below(row)
  const [r, o, p] = [verbatim(row), verbatim(inner), verbatim(`p${inner}`)]
  const test = isOfTokens(condition)
    ? numberTest(tenant, condition, sql`${p}.rid`)
    : sql`exists (select from resource ${o} where ${o}.rid = ${p}.rid and ${rowTest(tenant, condition, inner)} offset 0)`
  const url = sql`(${r}.content ->> 'url') || '|'`
  const names = [
    sql`${`${type}/`}::text || ${r}.id`,
    ...(canonical ? [url, sql`${url} || (${r}.content ->> 'version')`] : []),
  ]
  const hashes = references.flatMap((reference) =>
    names.map((name) => sql`reference_hash(${reference}::text, ${name})`),
  )
  const hash = hashes.length === 1 ? hashes[0]! : sql`any(array[${join(hashes, ', ', sql`null::bigint`)}])`
  return sql`exists (select from token ${p} where ${p}.tenant = ${tenant}::int and ${p}.hash = ${hash} and ${test} offset 0)`
}

/** Type and id of `w.written`; what is not simply `Type/id` is left to the function, which takes 0.2 ms. */
export function localTarget(bases: readonly string[]): Sql {
  return sql`case when cardinality(string_to_array(w.written, '/')) = 2 then string_to_array(w.written, '/')
    else local_reference(w.written, ${bases}::text[]) end`
}

/** The texts at these places of the row's content. */
export function textsAt(paths: readonly string[], r: Sql): Sql {
  const each = paths.map((path) => sql`select jsonb_path_query(${r}.content, ${path}::jsonpath) #>> '{}'`)
  return join(each, ' union all ', sql`select null::text where false`)
}

function below(row: string): string {
  return `${row}_`
}
