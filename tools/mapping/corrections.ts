/**
 * Where our tables differ from the official ones on purpose. Each entry names official rows (table, source, target) and
 * says what we use instead, or why we use nothing. Typing slips and writing habits are not here: targets.ts and
 * conditions.ts read through those.
 */
import type { OfficialRule } from './official.ts'
import { datatypes } from './corrections/datatypes.ts'
import { orders } from './corrections/orders.ts'
import { people } from './corrections/people.ts'
import { results } from './corrections/results.ts'
import { tables } from './corrections/tables.ts'
import { visits } from './corrections/visits.ts'
import type { RuleRow } from './rows.ts'

export interface RuleCorrection {
  readonly map: string | RegExp
  readonly source?: string | RegExp
  readonly target?: string | RegExp
  readonly condition?: string
  readonly use?: Partial<RuleRow> | ((official: OfficialRule) => Partial<RuleRow>)
  /** Why no row of ours stands for it. */
  readonly leaveOut?: string
  readonly because?: string
}

/** The first that matches an official row counts. */
export const ruleCorrections: readonly RuleCorrection[] = [
  ...tables,
  ...datatypes,
  ...people,
  ...visits,
  ...results,
  ...orders,
]

/** Equal to a text, or found by a pattern; no pattern matches all. */
export function isMatch(pattern: string | RegExp | undefined, text: string): boolean {
  return pattern === undefined || (typeof pattern === 'string' ? pattern === text : pattern.test(text))
}
