/** Bindings of profiles to value sets. https://hl7.org/fhir/R4/terminologies.html#strength */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { BindingRule } from './element.ts'
import type { InstanceCheck } from './profile.ts'
import type { ProfileRun } from './run.ts'
import type { Verdict } from '../terminology/index.ts'

export function bindingCheck({ strength, valueSet }: BindingRule, rule: string): InstanceCheck {
  const code = strength === 'required' ? 'profile-binding' : 'profile-binding-extensible'
  return ({ value }, run) => {
    // Advice costs time and refuses nothing.
    if (strength === 'extensible' && run.depth === 'write') return
    switch (verdictOn(value, valueSet, strength, run)) {
      case 'no':
        return run.report(code, { valueSet }, rule)
      case 'unknown':
        return run.report('profile-binding-unchecked', { valueSet }, rule)
      case 'yes':
    }
  }
}

/** Whether a code, Coding, CodeableConcept, Quantity or text is in the value set; what has no code is never in it. */
export function verdictOn(
  value: Json | undefined,
  valueSet: string,
  strength: BindingRule['strength'],
  run: ProfileRun,
): Verdict {
  if (typeof value === 'string') return run.verdict(valueSet, undefined, value)
  if (!isObject(value)) return 'yes'
  if (!Array.isArray(value.coding)) {
    // Text alone is what extensible leaves room for.
    if (isConcept(value)) return strength === 'required' ? 'no' : 'yes'
    return onCoding(value)
  }
  const verdicts = value.coding.filter(isObject).map(onCoding)
  if (verdicts.includes('yes')) return 'yes'
  return verdicts.includes('unknown') ? 'unknown' : 'no'

  function onCoding({ system, code }: JsonObject): Verdict {
    if (typeof code !== 'string') return 'no'
    return run.verdict(valueSet, typeof system === 'string' ? system : undefined, code)
  }
}

function isConcept({ code, system, value }: JsonObject): boolean {
  return code === undefined && system === undefined && value === undefined
}
