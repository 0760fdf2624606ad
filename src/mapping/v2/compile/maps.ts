/** Segment and data type tables → compiled maps. */
import type { ElementTree } from '../../../fhir/index.ts'
import { parseCondition, type Condition } from '../language/condition.ts'
import { parseExpression } from '../language/expression.ts'
import { parseTarget } from '../language/target.ts'
import { LanguageError } from '../language/tokens.ts'
import { parseV2Path } from '../language/v2-path.ts'
import type { CompiledMap, CompiledRule, SwitchDeclaration, Vocabulary, Write } from '../program.ts'
import { FUNCTIONS } from '../run/functions.ts'
import type { Attempt, Report } from './compile.ts'
import { isPrimitive, resolveTarget, type ResolvedTarget, type Step } from './resolve.ts'
import type { Row, Tables } from './tables.ts'

export interface MapInput {
  readonly tables: Tables
  readonly tree: ElementTree
  readonly vocabularies: ReadonlyMap<string, Vocabulary>
  readonly switches: ReadonlyMap<string, SwitchDeclaration>
  readonly attempt: Attempt
  readonly report: Report
}

interface OpenMap extends CompiledMap {
  readonly rules: CompiledRule[]
}

export function compileMaps(input: MapInput): Map<string, CompiledMap> {
  const maps = new Map<string, OpenMap>()
  checkShared(input)
  for (const { name } of input.tables.maps) maps.set(name, { name, base: baseTypeOf(name), rules: [] })
  for (const { file, name, rows } of input.tables.maps) {
    const map = maps.get(name)!
    for (const row of rows) {
      const rule = input.attempt(file, row['row']!, () => compileRule(input, maps, map, row))
      if (rule) map.rules.push(rule)
    }
  }
  return maps
}

function checkShared({ tables, tree, report }: MapInput): void {
  for (const path of tables.shared) {
    if (!tree.elementOf(path)) report('shared.tsv', path, `R4 has no element ${path}`)
  }
}

/** A list that tables share has one item for all of them, where a path names none itself. */
function withShared(steps: readonly Step[], base: string, shared: ReadonlySet<string>): readonly Step[] {
  let type = base
  return steps.map((step) => {
    const isShared = step.list && step.label === '' && shared.has(`${type}.${step.name}`)
    type = step.into ?? step.type
    return isShared ? { ...step, shared: true } : step
  })
}

/** A label that is a field of the table's segment tells the items of a list apart by its value. */
function withFields(steps: readonly Step[], map: string): readonly Step[] {
  return steps.map((step) => {
    const [, segment, field] = /^([A-Z][A-Z0-9]{2})-(\d+)$/.exec(step.label) ?? []
    if (segment === undefined) return step
    if (!map.startsWith(`${segment}[`)) throw new LanguageError(`${step.label} is no field of ${map}`)
    return { ...step, by: Number(field) }
  })
}

/** The FHIR type that a table makes: `PID[Patient]` → Patient, `CWE[Timing-DurationUnit]` → Timing. */
function baseTypeOf(map: string): string {
  return (/\[(.*)\]$/.exec(map)?.[1] ?? '').split(/[-.]/)[0]!
}

function compileRule(
  input: MapInput,
  maps: ReadonlyMap<string, CompiledMap>,
  map: CompiledMap,
  row: Row,
): CompiledRule {
  const { row: id = '', from = '', to = '', type = '', vocabulary = '', value = '', when = '' } = row
  const path = parseV2Path(from)
  if (!path) throw new LanguageError(`"${from}" is not a v2 path`)
  const target = resolveTarget(input.tree, map.base, parseTarget(to))
  const known = vocabulary === '' ? undefined : input.vocabularies.get(vocabulary)
  if (vocabulary !== '' && !known) throw new LanguageError(`there is no vocabulary ${vocabulary}`)
  const terms = value === '' ? undefined : parseExpression(value)
  const condition = when === '' ? undefined : compileCondition(when, input.switches)
  const write = compileWrite(maps, map, target, type)
  const steps = withFields(withShared(target.steps, map.base, input.tables.shared), map.name)
  checkCodes(target, known, terms)
  checkLabels(map.base, target)
  return {
    id: `${map.name} ${id}`,
    from: path,
    when: condition,
    self: target.self,
    sibling: target.sibling,
    steps,
    repeatAt: path.firstOnly ? -1 : repeatStep(steps),
    fallback: target.fallback,
    each: target.steps.some(({ label }) => label === 'each'),
    testsAbsence: testsAbsence(condition, path.part),
    write,
    codes: target.codes,
    vocabulary: known,
    value: terms,
  }
}

/** @throws LanguageError also for a switch or a value of it that is not declared */
export function compileCondition(text: string, switches: ReadonlyMap<string, SwitchDeclaration>): Condition {
  const condition = parseCondition(text)
  checkSwitches(condition, switches)
  return condition
}

function checkSwitches(condition: Condition, switches: ReadonlyMap<string, SwitchDeclaration>): void {
  if (condition.is === 'and' || condition.is === 'or') {
    for (const each of condition.of) checkSwitches(each, switches)
  } else if (condition.is === 'not') checkSwitches(condition.of, switches)
  else if (condition.is === 'switch') {
    const declared = switches.get(condition.name)
    if (!declared) throw new LanguageError(`there is no switch ${condition.name}`)
    const unknown = condition.values.find((value) => !declared.values.includes(value))
    if (unknown !== undefined) throw new LanguageError(`switch ${condition.name} has no value "${unknown}"`)
  }
}

function compileWrite(
  maps: ReadonlyMap<string, CompiledMap>,
  map: CompiledMap,
  target: ResolvedTarget,
  type: string,
): Write {
  if (target.self === 'levels') return { as: 'levels' }
  if (target.self === 'value' && !isPrimitive(map.base)) {
    throw new LanguageError(`$value is a primitive itself, and ${map.base} is none`)
  }
  const called = /^@(\w+)(?:\(([^)]*)\))?$/.exec(type)
  if (called) {
    const [, name, argument = ''] = called
    if (!Object.hasOwn(FUNCTIONS, name!)) throw new LanguageError(`there is no function @${name}`)
    return { as: 'function', name: name!, argument, type: target.type }
  }
  if (type !== '') {
    const used = maps.get(type)
    if (!used) throw new LanguageError(`there is no table ${type}`)
    if (!fits(used.base, target)) throw new LanguageError(`${type} makes no ${target.type}`)
    return { as: 'map', map: used }
  }
  if (!target.primitive && target.self === undefined) {
    throw new LanguageError(`a ${target.type} needs a data type table`)
  }
  return { as: 'primitive', type: target.self === 'value' ? map.base : target.type }
}

const QUANTITIES = ['Quantity', 'SimpleQuantity', 'Duration', 'Age', 'Count', 'Distance', 'Money']

function fits(base: string, { type, self }: ResolvedTarget): boolean {
  if (base === type || base === 'Extension') return true
  if (self === 'value' || isPrimitive(base))
    return isPrimitive(base) && (self !== undefined || isPrimitive(type))
  return QUANTITIES.includes(base) && QUANTITIES.includes(type)
}

/** A label tells the items of a list apart; what R4 has only once has none. */
function checkLabels(base: string, { steps }: ResolvedTarget): void {
  let type = base
  for (const { name, list, label, type: own, into } of steps) {
    if (label !== '' && !list)
      throw new LanguageError(`${type}.${name} is no list, so [${label}] names nothing`)
    type = into ?? own
  }
}

/** A required binding allows only some codes: neither a constant nor a vocabulary may give another. */
function checkCodes(
  { codes }: ResolvedTarget,
  vocabulary: Vocabulary | undefined,
  terms: CompiledRule['value'],
): void {
  if (!codes) return
  const [term] = terms ?? []
  if (terms?.length === 1 && term && 'text' in term && !codes.has(term.text)) {
    throw new LanguageError(`"${term.text}" is not a code that R4 allows here`)
  }
  for (const { code } of vocabulary?.codes.values() ?? []) {
    if (!codes.has(code))
      throw new LanguageError(`${vocabulary!.name} gives "${code}", which R4 does not allow here`)
  }
}

/** Where the repetitions of a source become items: the last labelled list, else the first extension, else the last list. */
function repeatStep(steps: readonly Step[]): number {
  const labelled = steps.findLastIndex(({ list, label }) => list && label !== '')
  if (labelled !== -1) return labelled
  const extension = steps.findIndex(({ url }) => url !== undefined)
  return extension === -1 ? steps.findLastIndex(({ list, shared }) => list && !shared) : extension
}

function testsAbsence(condition: Condition | undefined, field: number | undefined): boolean {
  if (condition === undefined || field === undefined) return false
  if (condition.is === 'and' || condition.is === 'or')
    return condition.of.some((each) => testsAbsence(each, field))
  return condition.is === 'absent' && condition.path.part === field && condition.path.component === undefined
}
