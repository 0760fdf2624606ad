/** Slicing against its meaning, counted by hand, for any values in any order. https://hl7.org/fhir/R4/profiling.html#slicing */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { Json } from '../../kernel/json.ts'
import { matchesPattern } from './match.ts'
import { findings } from './testing/check.ts'
import { by, structure } from './testing/structures.ts'

const SYSTEMS = ['phone', 'email', 'fax', 'url'] as const
type System = (typeof SYSTEMS)[number]

/** Two slices, in this order. */
const SLICED: readonly System[] = ['phone', 'email']

interface Rules {
  readonly rules: 'open' | 'closed' | 'openAtEnd'
  readonly ordered: boolean
  readonly min: number
  readonly max: number
}

const profile = ({ rules, ordered, min, max }: Rules) =>
  structure('sliced', 'Patient', [
    { path: 'Patient.telecom', slicing: { discriminator: [by('value', 'system')], rules, ordered } },
    ...SLICED.flatMap((system) => [
      { path: 'Patient.telecom', sliceName: system, min, max: String(max) },
      { path: 'Patient.telecom.system', fixedCode: system },
    ]),
  ])

/** What is wrong, by the words of the specification. */
function expected(systems: readonly System[], { rules, ordered, min, max }: Rules): string[] {
  const issues: string[] = []
  for (const slice of SLICED) {
    const count = systems.filter((system) => system === slice).length
    if (count < min) issues.push('profile-slice-min Patient.telecom')
    if (count > max) issues.push('profile-slice-max Patient.telecom')
  }
  systems.forEach((system, i) => {
    const place = SLICED.indexOf(system)
    const before = systems.slice(0, i)
    if (place < 0 && rules === 'closed') issues.push(`profile-slice-closed Patient.telecom[${i}]`)
    if (place < 0) return
    if (rules === 'openAtEnd' && before.some((each) => !SLICED.includes(each)))
      issues.push(`profile-slice-end Patient.telecom[${i}]`)
    if (ordered && before.some((each) => SLICED.indexOf(each) > place))
      issues.push(`profile-slice-order Patient.telecom[${i}]`)
  })
  // Two slices that are too few are told at the same place, in two texts.
  return issues.toSorted()
}

test('slices are counted, bounded and ordered as the specification says', () => {
  const rules = fc.record({
    rules: fc.constantFrom('open', 'closed', 'openAtEnd'),
    ordered: fc.boolean(),
    min: fc.integer({ min: 0, max: 2 }),
    max: fc.integer({ min: 1, max: 3 }),
  })
  const systems = fc.array(fc.constantFrom(...SYSTEMS), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(systems, rules, (sent, slicing) => {
      const resource = {
        resourceType: 'Patient',
        telecom: sent.map((system) => ({ system, value: '1' })),
      }
      expect(findings([profile(slicing)], resource).toSorted()).toEqual(expected(sent, slicing))
    }),
    { numRuns: 400 },
  )
})

test('a pattern is met by all that has more, and by nothing that has less', () => {
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('a', 'b', 1, 2.5, true),
      fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
      fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { minKeys: 1, maxKeys: 3 }),
    ),
  })).value
  const extended = (value: unknown): unknown => {
    if (Array.isArray(value)) return [{ other: 1 }, ...value.map(extended)]
    if (typeof value !== 'object' || value === null) return value
    return {
      ...Object.fromEntries(Object.entries(value).map(([name, each]) => [name, extended(each)])),
      more: 1,
    }
  }
  fc.assert(
    fc.property(json, (pattern) => {
      expect(matchesPattern(extended(pattern) as Json, pattern as Json)).toBe(true)
      expect(matchesPattern({ q: pattern } as Json, { q: pattern, more: 1 } as Json)).toBe(false)
    }),
  )
})
