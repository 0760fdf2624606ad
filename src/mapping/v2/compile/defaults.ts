/** What R4 requires of a resource and a message may leave out: config/mapping/defaults.tsv. */
import type { ElementTree } from '../../../fhir/index.ts'
import type { Default, Dependence, Requirement } from '../program.ts'
import type { Report } from './compile.ts'
import type { Row } from './tables.ts'

export function compileDefaults(
  rows: readonly Row[],
  tree: ElementTree,
  report: Report,
): Map<string, readonly Default[]> {
  const defaults = new Map<string, Default[]>()
  for (const row of rows) {
    const { type = '', element = '', json = '', when = '' } = row
    const id = `${type}.${element}`
    // `_end` says that there is no end, and why.
    const node = tree.elementOf(`${type}.${element.replace(/^_/, '')}`)
    if (!node) report('defaults.tsv', id, `R4 has no element ${id}`)
    try {
      JSON.parse(json.replaceAll('@patient', '{}'))
    } catch {
      report('defaults.tsv', id, 'the value is not JSON')
    }
    defaults.set(type, [
      ...(defaults.get(type) ?? []),
      { type, element, json, when, mandatory: (node?.min ?? 0) > 0 },
    ])
  }
  return defaults
}

/** What an element is nothing without: config/mapping/required.tsv. */
export function compileRequirements(
  rows: readonly Row[],
  tree: ElementTree,
  report: Report,
): Map<string, readonly Requirement[]> {
  const required = new Map<string, Requirement[]>()
  for (const { type = '', element = '', otherwise = '' } of rows) {
    const oneOf = element.split('|')
    for (const each of oneOf) {
      if (!tree.elementOf(`${type}.${each}`))
        report('required.tsv', type, `R4 has no element ${type}.${each}`)
    }
    required.set(type, [...(required.get(type) ?? []), { oneOf, otherwise }])
  }
  return required
}

/** What R4 does not allow alone: config/mapping/dependent.tsv. */
export function compileDependences(
  rows: readonly Row[],
  tree: ElementTree,
  report: Report,
): Map<string, readonly Dependence[]> {
  const dependent = new Map<string, Dependence[]>()
  for (const { type = '', element = '', needs = '' } of rows) {
    for (const each of [element, needs.replace('!', '')]) {
      if (!tree.elementOf(`${type}.${each}`))
        report('dependent.tsv', `${type}.${element}`, `R4 has no element ${type}.${each}`)
    }
    dependent.set(type, [...(dependent.get(type) ?? []), { element, needs }])
  }
  return dependent
}
