/** Runs the rules of a table on a segment or a value and writes what they give into the resource. */
import type { Hl7Segment } from '../../../hl7/index.ts'
import type { CompiledMap, CompiledRule } from '../program.ts'
import type { Application, RunContext } from './application.ts'
import { FUNCTIONS } from './functions.ts'
import type { GroupNode } from './groups.ts'
import { setLeaf } from './leaf.ts'
import { chainLevels } from './levels.ts'
import { locate } from './place.ts'
import { expressionText, holds, scopeOf, valueAt, type Scope } from './scope.ts'
import { mark, whyOf } from './trace.ts'
import { translate } from './translate.ts'
import type { Obj, ResourceNode } from './tree.ts'
import { textOf, textValue, type V2Value } from './value.ts'

/** Applies a segment table to the resource that it fills, if there is such a segment, and gives the number of the application. */
export function applySegmentMap(
  map: CompiledMap,
  segment: Hl7Segment | undefined,
  group: GroupNode,
  resource: ResourceNode,
  context: RunContext,
): number {
  const number = context.nextApplication()
  if (segment === undefined) return number
  const scope = scopeOf(segment, group, context.read)
  run({
    number,
    turn: context.nextTurn(resource, map),
    map,
    scope,
    node: resource.root,
    slot: undefined,
    vocabulary: undefined,
    codes: undefined,
    fallback: false,
    levels: new Map(),
    why: context.isTraced ? { rows: [], field: '' } : undefined,
    context,
  })
  return number
}

function run(application: Application): void {
  for (const rule of application.map.rules) runRule(application, rule)
  if (application.levels.size > 0) chainLevels(application.levels, application.node)
}

function runRule(application: Application, rule: CompiledRule): void {
  const { scope, context, node } = application
  const { from, when } = rule
  if (from.part === undefined) {
    if (holds(when, scope, context)) write(application, rule, scope.value ?? WHOLE, 0, scope)
    return
  }
  if (!from.ofSegment) {
    const value = valueAt(from, scope)
    if (value?.valued && holds(when, scope, context)) write(application, rule, value, 0, scope)
    return
  }
  const repetitions = scope.read(scope.segment, from.part)
  // Most fields of most segments are empty, and most rules have nothing to say of that.
  if (repetitions.length === 0 && !rule.testsAbsence) return
  const valued = valuedIn(repetitions)
  if (valued.length === 0) {
    if (
      repetitions[0]?.text === null &&
      rule.steps[0] &&
      application.slot === undefined &&
      holds(when, scope, context)
    ) {
      context.clear(node, clearedBy(rule))
    } else if (rule.value && rule.testsAbsence && holds(when, scope, context)) {
      write(application, rule, WHOLE, 0, scope)
    }
    return
  }
  const used = rule.repeatAt === -1 || isJoined(rule) ? valued.slice(0, 1) : valued
  if (used.length < valued.length && !isJoined(rule)) context.warn('repetition-left-out', rule.id)
  for (const { value: repetition, at } of used) {
    const inside: Scope = { ...scope, field: from.part, repetition }
    const value = from.component === undefined ? repetition : valueAt(from, inside)
    if (!value?.valued || !holds(when, inside, context)) continue
    for (const item of itemsOf(application, rule, at, valued.length))
      write(application, rule, value, item, inside)
  }
}

interface Valued {
  readonly value: V2Value
  /** Which repetition it is. */
  readonly at: number
}

function valuedIn(repetitions: readonly V2Value[]): readonly Valued[] {
  const valued: Valued[] = []
  for (let at = 0; at < repetitions.length; at += 1) {
    const value = repetitions[at]!
    if (value.valued) valued.push({ value, at })
  }
  return valued
}

/** What is said once of `component[each]` is said of each component that another field makes. */
function itemsOf(
  { map, scope }: Application,
  { each }: CompiledRule,
  at: number,
  count: number,
): readonly number[] {
  if (count > 1 || !each) return [at]
  const fields = new Set(map.rules.filter((rule) => rule.each).map(({ from }) => from.part))
  const repeated = [...fields].flatMap((field) =>
    field === undefined ? [] : [scope.read(scope.segment, field)],
  )
  const longest = repeated.toSorted((a, b) => b.length - a.length)[0] ?? []
  return longest.flatMap(({ valued }, item) => (valued ? [item] : []))
}

/** The element; of a visit's period the part. */
function clearedBy({ steps }: CompiledRule): string {
  const [first, second] = steps
  return first!.name === 'period' && second ? `period.${second.name}` : first!.name
}

const WHOLE = textValue('*')

function isJoined({ write: to }: CompiledRule): boolean {
  return to.as === 'function' && to.name === 'lines'
}

function write(
  application: Application,
  rule: CompiledRule,
  value: V2Value,
  repetition: number,
  scope: Scope,
): void {
  const { context } = application
  const { write: to, vocabulary = application.vocabulary } = rule
  if (to.as === 'levels') return
  const why = application.why && whyOf(application.why, rule, repetition, scope)
  const place = locate(application, rule, repetition, why)
  if (to.as === 'map') {
    const typeName = typeNameOf(to.map)
    const slot = place.slot
    run({
      number: context.nextApplication(),
      turn: application.turn,
      map: to.map,
      scope: { ...scope, typeName, value },
      node: place.node ?? application.node,
      slot,
      vocabulary: isPrimitiveName(to.map.base) ? vocabulary : undefined,
      codes: rule.codes ?? application.codes,
      fallback: rule.fallback || application.fallback,
      levels: new Map(),
      why,
      context,
    })
    if (vocabulary && place.node && !isPrimitiveName(to.map.base)) {
      translate({ node: place.node, type: to.map.base, vocabulary, row: rule.id, warn: context.warn })
    }
    if (why) mark(place.node ?? application.node, why)
    return
  }
  const text =
    to.as === 'function' ? callFunction(application, rule, value, place.node) : textFor(rule, value, scope)
  if (why && place.node) mark(place.node, why)
  if (text === undefined || place.slot === undefined) return
  if (to.as === 'function' && !place.slot.primitive) return
  const codes = rule.codes ?? (rule.self === 'value' ? application.codes : undefined)
  const fallback = rule.fallback || application.fallback
  setLeaf(rule, place.slot, text, { vocabulary, codes, type: to.type, fallback, context })
  if (why) mark(place.slot.parent, why)
}

function typeNameOf({ name }: CompiledMap): string {
  const bracket = name.indexOf('[')
  return bracket === -1 ? name : name.slice(0, bracket)
}

function isPrimitiveName(type: string): boolean {
  const first = type.charCodeAt(0)
  return first >= LETTER_A && first <= LETTER_Z
}

const [LETTER_A, LETTER_Z] = ['a', 'z'].map((letter) => letter.charCodeAt(0)) as [number, number]

function callFunction(
  { context, scope }: Application,
  rule: CompiledRule,
  value: V2Value,
  node: Obj | undefined,
): string | undefined {
  if (rule.write.as !== 'function') return undefined
  const { name, argument } = rule.write
  const field = rule.from.ofSegment ? rule.from.part : undefined
  const repetitions = (): readonly V2Value[] =>
    field === undefined ? [value] : scope.read(scope.segment, field)
  const text = (number: number, component: number): string | undefined => {
    const [first] = scope.read(scope.segment, number)
    return first && textOf(first.part(component))
  }
  const given = FUNCTIONS[name]!(value, { ...context, repetitions, text }, argument, node, rule.id)
  return given === undefined || given === '' ? undefined : given
}

function textFor(rule: CompiledRule, value: V2Value, scope: Scope): string | undefined {
  return rule.value ? expressionText(rule.value, scope) : textOf(value)
}
