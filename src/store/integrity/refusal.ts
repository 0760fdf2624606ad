/** What is told of a commit that would leave a reference without its target. Never what another tenant has. */
import type { ReferenceWalk } from '../../fhir/index.ts'
import { Failure, type Issue } from '../../kernel/failure.ts'
import type { Effect } from './dependencies.ts'
import type { IntegrityOptions } from './options.ts'
import { nameOf, type Target, targetOf, type ToLocal } from './target.ts'

/** More would not help anybody, and an answer must stay small. */
const MAX_ISSUES = 100
const MAX_NAMED = 10
const MAX_COUNTED = 100

interface Written {
  readonly effects: readonly Effect[]
  readonly walk: ReferenceWalk
  readonly toLocal: ToLocal
  isMissing(target: Target): boolean
  readonly options: IntegrityOptions
}

/** Every reference to something that is not there, by its place; undefined when there is none. */
export function missingReferences({
  effects,
  walk,
  toLocal,
  isMissing,
  options,
}: Written): Failure | undefined {
  const places: string[] = []
  for (const [change, { next }] of effects.entries()) {
    if (next === undefined) continue
    walk(next.resource, (reference, place) => {
      const target = targetOf(reference, toLocal)
      if (target === 'elsewhere' || (target !== 'nowhere' && !isMissing(target))) return
      places.push(options.place?.(change, place()) ?? place())
    })
  }
  if (places.length === 0) return undefined
  const issues = places.slice(0, MAX_ISSUES).map((place): Issue => ({
    severity: 'error',
    type: 'not-found',
    code: 'reference-not-found',
    expression: [place],
    diagnostics: 'A reference within this server must point to a resource that is here',
  }))
  return new Failure('invalid', 'reference-not-found', { count: places.length }, { issues })
}

export interface Referrer {
  /** Number of the change that deletes what it refers to. */
  readonly of: number
  readonly type: string
  readonly id: string
}

/** One issue for each resource that can't be deleted; undefined when all can. */
export function stillReferenced(
  effects: readonly Effect[],
  referrers: readonly Referrer[],
  options: IntegrityOptions,
): Failure | undefined {
  const issues = [...Map.groupBy(referrers, ({ of }) => of)].map(([change, rows]) =>
    referencedIssue(effects[change]!.outcome.type, change, rows, options),
  )
  const [first] = issues
  if (first === undefined) return undefined
  return new Failure('conflict', first.code!, first.params, { issues: issues.slice(0, MAX_ISSUES) })
}

function referencedIssue(
  type: string,
  change: number,
  rows: readonly Referrer[],
  { place, mayName }: IntegrityOptions,
): Issue {
  const distinct = new Map(rows.map((row) => [nameOf(row), row]))
  const named = [...distinct.values()].filter((row) => mayName?.(row.type) ?? false)
  const count = distinct.size > MAX_COUNTED ? `${MAX_COUNTED}+` : distinct.size
  const referrers = named.slice(0, MAX_NAMED).map(nameOf).join(', ')
  return {
    severity: 'error',
    type: 'conflict',
    code: named.length > 0 ? 'resource-referenced' : 'resource-referenced-unseen',
    params: { type, count, ...(named.length > 0 && { referrers }) },
    ...(place && { expression: [place(change, '')] }),
    diagnostics: 'A resource that others refer to can only be deleted together with the references',
  }
}
