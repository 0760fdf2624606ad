/** What the database is asked for referential integrity; see sql/0019 and docs/decisions/0009. */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Statement } from '../statement.ts'
import type { Key } from './dependencies.ts'
import { type Locks, locksFor } from './locks.ts'
import type { Target } from './target.ts'

/** To be sent ahead of the writes: raises PA005 when a target is not there. */
export function holdTargets(
  tenant: TenantId,
  targets: readonly Target[],
  deleted: readonly Key[],
): Statement {
  return {
    name: 'hold-targets',
    text: 'select hold_targets($1::int, $2::int[], $3::boolean[], $4::text[], $5::text[], $6::int[])',
    values: [tenant, ...lockColumns(locksFor(targets, deleted)), ...targetColumns(targets)],
  }
}

export function isTargetMissing(error: unknown): boolean {
  return error instanceof Failure && error.params['sqlstate'] === 'PA005'
}

/** To be sent behind the writes: raises PA006 when one of these tokens is there. One probe of token_pkey each. */
export function assertUnreferenced(tenant: TenantId, tokens: readonly string[]): Statement {
  return {
    name: 'assert-unreferenced',
    text: `select assert_unreferenced(exists (
      select from token t where t.tenant = $1::int and t.hash = any($2::bigint[])))`,
    values: [tenant, `{${tokens.join(',')}}`],
  }
}

export function isReferenced(error: unknown): boolean {
  return error instanceof Failure && error.params['sqlstate'] === 'PA006'
}

/** Those of the targets that are not there. Goes straight into resource_pkey. */
export function missingTargets(tenant: TenantId, targets: readonly Target[]): Statement {
  return {
    name: 'missing-targets',
    text: `
      select t.type, t.id, t.version from unnest($2::text[], $3::text[], $4::int[]) as t(type, id, version)
      where not exists (
        select from resource r
        where r.tenant = $1::int and r.type = t.type and r.id = t.id and not r.deleted and r.version >= t.version
        offset 0
      )`,
    values: [tenant, ...targetColumns(targets)],
  }
}

/**
 * The first rows of the numbered tokens, but those of the resources `own`, and whose they are: ranges of token_pkey, then
 * resource_rid.
 */
export function referrers(
  tenant: TenantId,
  tokens: readonly { readonly of: number; readonly hash: string }[],
  own: readonly number[],
  limits: { readonly each: number; readonly all: number },
): Statement {
  return {
    name: 'referrers',
    text: `
      select n.of, r.type, r.id
      from unnest($2::int[], $3::bigint[]) as n(of, hash)
      cross join lateral (
        select t.rid from token t
        where t.tenant = $1::int and t.hash = n.hash and t.rid <> all($4::bigint[])
        order by t.rid desc limit $5::int
      ) t
      cross join lateral (select o.type, o.id from resource o where o.rid = t.rid offset 0) r
      limit $6::int`,
    values: [
      tenant,
      `{${tokens.map(({ of }) => of).join(',')}}`,
      `{${tokens.map(({ hash }) => hash).join(',')}}`,
      `{${own.join(',')}}`,
      limits.each,
      limits.all,
    ],
  }
}

function lockColumns(locks: Locks): [string, string] {
  return [`{${locks.map(([lock]) => lock).join(',')}}`, `{${locks.map(([, alone]) => alone).join(',')}}`]
}

/** Array literals: neither a type nor an id holds anything that would break out of the quotes. */
function targetColumns(targets: readonly Target[]): [string, string, string] {
  return [
    `{${targets.map(({ type }) => type).join(',')}}`,
    `{${targets.map(({ id }) => `"${id}"`).join(',')}}`,
    `{${targets.map(({ version }) => version).join(',')}}`,
  ]
}
