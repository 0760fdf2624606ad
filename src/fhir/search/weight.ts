/**
 * How many tests a search is. Codes, references and URLs are looked up together, however many they are; each other value
 * is a test of its own, and so is each parameter.
 */
import type { Criterion, ParameterCriterion } from './request.ts'

export function weightOf(criterion: Criterion): number {
  switch (criterion.by) {
    case 'parameter':
      return weightOfValues(criterion)
    case 'chain':
      return 1 + sum(criterion.targets.map((target) => target.criterion))
    case 'has':
      return 1 + weightOf(criterion.criterion)
    case 'all':
    case 'any':
      return sum(criterion.of)
    case 'not':
      return weightOf(criterion.of)
    case 'compartment':
      return criterion.params.length
    case 'patients':
    case 'list':
    case 'text':
      return 1
  }
}

function weightOfValues({ param: { type }, modifier, values }: ParameterCriterion): number {
  const together = type === 'token' || type === 'reference' || type === 'uri'
  if (together && modifier !== 'text') return 1
  const parts = values.map((value) => (value.kind === 'composite' ? value.parts.length : 1))
  return parts.reduce((total, part) => total + part, 1)
}

function sum(criteria: readonly Criterion[]): number {
  return criteria.reduce((total, criterion) => total + weightOf(criterion), 0)
}
