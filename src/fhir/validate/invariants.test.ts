import { expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions } from '../index.ts'
import { ValidationContext } from './context.ts'
import { makeInvariantChecks } from './invariants.ts'

const definitions = loadDefinitions()

function holds(expression: string, resource: JsonObject): boolean {
  const invariant = { key: 'own-1', severity: 'error', human: 'Our own', expression } as const
  const context = new ValidationContext(resource)
  for (const check of makeInvariantChecks(definitions, [invariant], ['Patient'])) check(resource, context)
  return context.issues.length === 0
}

const patient: JsonObject = { resourceType: 'Patient', name: [{ family: 'Moreau' }] }

test('an invariant that the compiler takes', () => {
  expect(holds('name.exists()', patient)).toBe(true)
  expect(holds('name.empty()', patient)).toBe(false)
})

test('an invariant that only the general evaluator takes', () => {
  expect(holds("name.family.upper() = 'MOREAU'", patient)).toBe(true)
  expect(holds("name.family.upper() = 'PETIT'", patient)).toBe(false)
  expect(holds("%rootResource.name.family.upper() = 'MOREAU'", patient)).toBe(true)
})

test('what nobody can evaluate is not held against the resource', () => {
  expect(holds('name.given.upper()', { resourceType: 'Patient', name: [{ given: [{}] }] })).toBe(true)
})

test('warnings and what needs other resources are not errors', () => {
  const warning = { key: 'own-2', severity: 'warning', human: 'Advice', expression: 'name.empty()' } as const
  const others = {
    key: 'ctm-1',
    severity: 'error',
    human: 'Others',
    expression: 'member.resolve().exists()',
  } as const
  expect(makeInvariantChecks(definitions, [warning, others], ['Patient'])).toEqual([])
})
