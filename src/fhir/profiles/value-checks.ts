/** What a profile says of a value itself: fixed, pattern, length, bounds. https://hl7.org/fhir/R4/elementdefinition.html */
import type { Json } from '../../kernel/json.ts'
import { compare } from '../path/index.ts'
import type { ElementRules } from './element.ts'
import { isFixed, matchesPattern } from './match.ts'
import type { InstanceCheck } from './profile.ts'

/** @param rule what a finding points to */
export function valueChecks(rules: ElementRules, rule: string): InstanceCheck[] {
  const { fixed, pattern, maxLength, minValue, maxValue } = rules
  const checks: InstanceCheck[] = []
  if (fixed !== undefined)
    checks.push(({ value }, run) => void (isFixed(value, fixed) || run.report('profile-fixed', {}, rule)))
  if (pattern !== undefined)
    checks.push(
      ({ value }, run) => void (matchesPattern(value, pattern) || run.report('profile-pattern', {}, rule)),
    )
  if (maxLength !== undefined)
    checks.push(({ value }, run) => {
      // In characters, not in UTF-16 units.
      if (typeof value === 'string' && value.length > maxLength && [...value].length > maxLength)
        run.report('profile-length', { max: maxLength }, rule)
    })
  if (minValue !== undefined)
    checks.push(({ value }, run) => {
      if (isBeyond(minValue, value)) run.report('profile-min-value', {}, rule)
    })
  if (maxValue !== undefined)
    checks.push(({ value }, run) => {
      if (isBeyond(value, maxValue)) run.report('profile-max-value', {}, rule)
    })
  return checks
}

/** False where the order can't be told: other units, a date that is less precise. */
function isBeyond(value: Json | undefined, limit: Json | undefined): boolean {
  return (compare(value, limit) ?? 0) > 0
}
