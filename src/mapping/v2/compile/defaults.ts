/** What R4 requires of a resource and a message may leave out: config/mapping/defaults.tsv. */
import type { ElementTree } from '../../../fhir/index.ts'
import { isObject, type Json } from '../../../kernel/json.ts'
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
    const value = parsed(json.replaceAll('@patient', '{}'))
    if (value === undefined) report('defaults.tsv', id, 'the value is not JSON')
    else checkValue(value, node, (problem) => report('defaults.tsv', id, problem))
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
    if (otherwise !== '') {
      const value = parsed(otherwise)
      const node = tree.elementOf(`${type}.${oneOf[0]!}`)
      if (value === undefined) report('required.tsv', type, 'the value is not JSON')
      else checkValue(value, node, (problem) => report('required.tsv', type, problem))
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

function parsed(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json
  } catch {
    return undefined
  }
}

/** Its form (a list where R4 has one, a text where it has a primitive) and its code, where R4 allows only some. */
function checkValue(
  value: Json,
  node: ReturnType<ElementTree['elementOf']>,
  report: (problem: string) => void,
): void {
  if (node === undefined || isExtension(value)) return
  if (Array.isArray(value) !== node.max > 1)
    report(node.max > 1 ? 'R4 has a list here' : 'R4 has no list here')
  if (typeof value === 'string' && node.codes && !node.codes.codes.has(value))
    report(`"${value}" is not a code that R4 allows here`)
}

/** Why a value is absent, in place of one. */
function isExtension(value: Json): boolean {
  return isObject(value) && 'extension' in value
}
