import { expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import type { Invariant } from '../definitions/index.ts'
import { loadDefinitions, makeValidator } from '../index.ts'
import { compilePath, Uncompilable } from '../path/index.ts'
import { ValidationContext } from './context.ts'
import { BY_HAND } from './invariants-by-hand.ts'
import { makeInvariantChecks } from './invariants.ts'

const definitions = loadDefinitions()
const compiler = { definitions, advice: false }

function holds(expression: string, resource: JsonObject): boolean {
  const invariant = { key: 'own-1', severity: 'error', human: 'Our own', expression } as const
  const context = new ValidationContext(resource)
  for (const check of makeInvariantChecks(compiler, [invariant], ['Patient'])) check(resource, context)
  return context.issues.length === 0
}

const patient: JsonObject = { resourceType: 'Patient', name: [{ family: 'Moreau' }] }

test('an invariant that the compiler takes', () => {
  expect(holds('name.exists()', patient)).toBe(true)
  expect(holds('name.empty()', patient)).toBe(false)
})

test('an invariant that only the general engine takes', () => {
  expect(holds("name.family.upper() = 'MOREAU'", patient)).toBe(true)
  expect(holds("name.family.upper() = 'PETIT'", patient)).toBe(false)
  expect(holds("%rootResource.name.family.upper() = 'MOREAU'", patient)).toBe(true)
})

test('what nobody can evaluate is not held against the resource', () => {
  const odd: JsonObject = { resourceType: 'Patient', name: [{ given: [{}] }, { given: [{}] }] }
  expect(holds('name.given.upper().exists()', odd)).toBe(true)
})

/** Where an invariant stands, with the types that it is evaluated on. */
interface Placed {
  readonly invariant: Invariant
  readonly types: readonly string[]
}

/** Those of every type and element that a resource can have. */
function invariantsOfR4(): Placed[] {
  const seen = new Set<string>()
  const found: Placed[] = []
  const visit = (path: string) => {
    const type = definitions.type(path)
    if (!type || seen.has(path)) return
    seen.add(path)
    found.push(...type.invariants.map((invariant) => ({ invariant, types: [path] })))
    for (const { invariants = [], types = [] } of type.elements.values()) {
      const codes = types.map(({ code }) => code)
      found.push(...invariants.map((invariant) => ({ invariant, types: codes })))
      for (const code of codes) visit(code)
    }
  }
  for (const type of definitions.resourceTypes) visit(type)
  return found
}

function isCompiled({ invariant, types }: Placed): boolean {
  try {
    compilePath(definitions, invariant.expression, types)
    return true
  } catch (error) {
    if (error instanceof Uncompilable) return false
    throw error
  }
}

test('each error invariant of R4 is evaluated, compiled or by hand', () => {
  const errors = invariantsOfR4().filter(({ invariant }) => invariant.severity === 'error')
  expect(new Set(errors.map(({ invariant }) => invariant.key)).size).toBeGreaterThan(200)
  const left = errors.filter((each) => !Object.hasOwn(BY_HAND, each.invariant.key) && !isCompiled(each))
  expect(left.map(({ invariant }) => invariant.key)).toEqual([])
})

/**
 * ele-1 is the structure's own check: nothing is empty. Where ours differ from the letter of R4:
 * txt-1 and txt-2 are XHTML rules, which FHIRPath's htmlChecks() leaves to us. ref-1 is the check of references, which
 * also looks at the target's type. ctm-1 goes by the type that the reference says, because what it points to may be
 * elsewhere. per-1 and rng-2 hold where the order can't be told, as their letter would not.
 */
test('those by hand are these', () => {
  expect(Object.keys(BY_HAND)).toEqual([
    'ctm-1',
    'dom-3',
    'ext-1',
    'ig-1',
    'ig-2',
    'obs-7',
    'per-1',
    'ref-1',
    'rng-2',
    'sdf-8',
    'sdf-8a',
    'txt-1',
    'txt-2',
  ])
})

test('what R4 only advises is a warning of a review', () => {
  const { validate, review } = makeValidator(definitions)
  expect(validate(patient, 'Patient')).toEqual([])
  expect(review(patient, 'Patient')).toMatchObject([
    {
      severity: 'warning',
      type: 'invariant',
      expression: ['Patient'],
      diagnostics: expect.stringMatching(/^dom-6:/),
    },
  ])
})

test('the advice that can be compiled, and that which the engine evaluates', () => {
  const advice = invariantsOfR4().filter(({ invariant }) => invariant.severity === 'warning')
  for (const { invariant, types } of advice) {
    const [check] = makeInvariantChecks({ ...compiler, advice: true }, [invariant], types)
    const context = new ValidationContext(patient)
    check!({ name: 'x' }, context)
    expect(context.issues.every(({ severity }) => severity === 'warning')).toBe(true)
  }
})
