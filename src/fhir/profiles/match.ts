/** fixed[x] and pattern[x]. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_ */
import { isObject, type Json, sameJson } from '../../kernel/json.ts'

/** The value has all that the pattern has, and may have more; in lists too. */
export function matchesPattern(value: Json | undefined, pattern: Json): boolean {
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && pattern.every((wanted) => value.some((item) => matchesPattern(item, wanted)))
    )
  }
  if (!isObject(pattern)) return value === pattern
  return (
    isObject(value) && Object.entries(pattern).every(([name, wanted]) => matchesPattern(value[name], wanted))
  )
}

/** The value is exactly this. */
export function isFixed(value: Json | undefined, fixed: Json): boolean {
  return sameJson(value, fixed)
}
