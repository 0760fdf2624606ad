/** Runs the rules of a table on a segment or a value and writes what they give into the resource. */
import type { Hl7Segment } from '../../../hl7/index.ts'
import type { Step } from '../compile/resolve.ts'
import type { Condition } from '../language/condition.ts'
import type { CompiledMap, CompiledRule } from '../program.ts'
import { FUNCTIONS, type FunctionContext } from './functions.ts'
import type { GroupNode } from './groups.ts'
import { chainLevels } from './levels.ts'
import { primitiveJson, type PrimitiveContext } from './primitives.ts'
import { expressionText, holds, scopeOf, valueAt, type ConditionContext, type Scope } from './scope.ts'
import { translate } from './translate.ts'
import { leafAt, makeObject, makeResource, objectAt, setText, slotOf, type Obj, type ResourceNode, type Slot } from './tree.ts'
import { textOf, textValue, type FieldReader, type V2Value } from './value.ts'
import type { Vocabulary } from '../program.ts'

export interface RunContext extends ConditionContext, PrimitiveContext, Omit<FunctionContext, 'repetitions' | 'text'> {
  readonly read: FieldReader
  /** Numbers the applications of tables: the labels of one are its own. */
  nextApplication(): number
  /** A field that says `""`: its element is to be removed. */
  clear(root: Obj, element: string): void
}

/** One application of a table: what its rules share. */
interface Application {
  readonly number: number
  readonly map: CompiledMap
  readonly scope: Scope
  readonly node: Obj
  /** Where the node stands, for rules that write beside it or to it as a primitive. */
  readonly slot: Slot | undefined
  /** Of a rule whose target is a CodeableConcept or code: its vocabulary goes down to the leaf. */
  readonly vocabulary: Vocabulary | undefined
  /** Of a rule whose target is a code: the codes that R4 allows there. */
  readonly codes: ReadonlySet<string> | undefined
  /** Of a rule whose target ends with `?`. */
  readonly fallback: boolean
  readonly levels: Map<string, ResourceNode>
  readonly context: RunContext
}

/** Applies a segment table to the resource that it fills, and gives the number of the application. */
export function applySegmentMap(
  map: CompiledMap,
  segment: Hl7Segment,
  group: GroupNode,
  resource: ResourceNode,
  context: RunContext,
): number {
  const number = context.nextApplication()
  const scope = scopeOf(segment, group, context.read)
  run({
    number,
    map,
    scope,
    node: resource.root,
    slot: undefined,
    vocabulary: undefined,
    codes: undefined,
    fallback: false,
    levels: new Map(),
    context,
  })
  return number
}

function run(application: Application): void {
  for (const rule of application.map.rules) runRule(application, rule)
  if (application.levels.size > 0 && application.slot) chainLevels(application.levels, application.node)
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
  const valued = repetitions.map((value, at) => ({ value, at })).filter(({ value }) => value.valued)
  if (valued.length === 0) {
    if (repetitions[0]?.text === null && rule.steps[0] && application.slot === undefined && holds(when, scope, context)) {
      context.clear(node, rule.steps[0].name)
    } else if (rule.value && testsAbsence(when, from.part) && holds(when, scope, context)) {
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
    for (const item of itemsOf(application, rule, at, valued.length)) write(application, rule, value, item, inside)
  }
}

/** What is said once of `component[each]` is said of each component that another field makes. */
function itemsOf({ map, scope }: Application, { steps }: CompiledRule, at: number, count: number): readonly number[] {
  if (count > 1 || !steps.some(isEach)) return [at]
  const fields = new Set(map.rules.filter((rule) => rule.steps.some(isEach)).map(({ from }) => from.part))
  const repeated = [...fields].flatMap((field) => (field === undefined ? [] : [scope.read(scope.segment, field)]))
  const longest = repeated.toSorted((a, b) => b.length - a.length)[0] ?? []
  return longest.flatMap(({ valued }, item) => (valued ? [item] : []))
}

function isEach({ label }: Step): boolean {
  return label === 'each'
}

const WHOLE = textValue('*')

function isJoined({ write: to }: CompiledRule): boolean {
  return to.as === 'function' && to.name === 'lines'
}

/** The rule is about its field not being there. */
function testsAbsence(condition: Condition | undefined, field: number): boolean {
  if (condition === undefined) return false
  if (condition.is === 'and' || condition.is === 'or') return condition.of.some((each) => testsAbsence(each, field))
  return condition.is === 'absent' && condition.path.part === field && condition.path.component === undefined
}

function write(application: Application, rule: CompiledRule, value: V2Value, repetition: number, scope: Scope): void {
  const { context } = application
  const { write: to, vocabulary = application.vocabulary } = rule
  if (to.as === 'levels') return
  const place = locate(application, rule, repetition)
  if (to.as === 'map') {
    const typeName = to.map.name.split('[')[0]!
    const slot = place.slot
    run({
      number: context.nextApplication(),
      map: to.map,
      scope: { ...scope, typeName, value },
      node: place.node ?? application.node,
      slot,
      vocabulary: isPrimitiveName(to.map.base) ? vocabulary : undefined,
      codes: rule.codes ?? application.codes,
      fallback: rule.fallback || application.fallback,
      levels: new Map(),
      context,
    })
    if (vocabulary && place.node && !isPrimitiveName(to.map.base)) {
      translate({ node: place.node, type: to.map.base, vocabulary, row: rule.id, warn: context.warn })
    }
    return
  }
  const text = to.as === 'function' ? callFunction(application, rule, value, place.node) : textFor(rule, value, scope)
  if (text === undefined || place.slot === undefined) return
  if (to.as === 'function' && !place.slot.primitive) return
  const codes = rule.codes ?? (rule.self === 'value' ? application.codes : undefined)
  const fallback = rule.fallback || application.fallback
  setLeaf(rule, place.slot, text, { vocabulary, codes, type: to.type, fallback, context })
}

function isPrimitiveName(type: string): boolean {
  return /^[a-z]/.test(type)
}

function callFunction(
  { context, scope }: Application,
  rule: CompiledRule,
  value: V2Value,
  node: Obj | undefined,
): string | undefined {
  if (rule.write.as !== 'function') return undefined
  const { name, argument } = rule.write
  const field = rule.from.ofSegment ? rule.from.part : undefined
  const repetitions = (): readonly V2Value[] => (field === undefined ? [value] : scope.read(scope.segment, field))
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

interface Place {
  /** The object at the target; undefined when the target is a primitive. */
  readonly node: Obj | undefined
  readonly slot: Slot | undefined
}

/** Walks to the target of a rule, making what is not there yet. */
function locate(application: Application, rule: CompiledRule, repetition: number): Place {
  const start = startOf(application, rule)
  if (rule.self !== undefined) return { node: application.node, slot: application.slot }
  let node = start
  let slot: Slot | undefined
  for (const [at, step] of rule.steps.entries()) {
    const item = at === rule.repeatAt ? repetition : 0
    const key = itemKey(application.number, step, item)
    slot = slotOf(node, step, key)
    const last = at === rule.steps.length - 1
    if (step.primitive) {
      if (last) return { node: undefined, slot }
      const leaf = leafAt(slot)
      node = leaf.extensions ??= makeObject('Element')
      continue
    }
    node = objectAt(slot)
    if (step.url !== undefined) setUrl(node, step.url, rule.id)
    if (step.into !== undefined) {
      node.resource ??= makeResource(step.into)
      node = node.resource.root
    }
  }
  return { node, slot }
}

/** What an item of a list is known by inside one application of a table. */
export function itemKey(application: number, { url, label, into }: Step, repetition: number): string {
  return `${application}/${url ?? label}/${repetition}${into === undefined ? '' : `>${into}`}`
}

/** `[2].given` starts at the item beside the one that the table fills; a level of a place at its own resource. */
function startOf(application: Application, rule: CompiledRule): Obj {
  const { node, slot, map } = application
  if (rule.sibling === undefined) return node
  if (map.rules.some(({ self }) => self === 'levels')) {
    const known = application.levels.get(rule.sibling)
    if (known) return known.root
    const level = makeResource(map.base)
    application.levels.set(rule.sibling, level)
    return level.root
  }
  if (rule.sibling === '1' || slot === undefined || !slot.list) return node
  return objectAt({ ...slot, key: `${slot.key}~${rule.sibling}` })
}

function setUrl(extension: Obj, url: string, row: string): void {
  const leaf = leafAt({ parent: extension, name: 'url', list: false, primitive: true, key: '' })
  leaf.json = JSON.stringify(url)
  leaf.row = row
}

interface LeafInput {
  readonly vocabulary: Vocabulary | undefined
  readonly codes: ReadonlySet<string> | undefined
  readonly type: string
  readonly fallback: boolean
  readonly context: RunContext
}

function setLeaf(
  rule: CompiledRule,
  slot: Slot,
  text: string,
  { vocabulary, codes, type, fallback, context }: LeafInput,
): void {
  const code = vocabulary === undefined || rule.value ? undefined : vocabulary.codes.get(text)
  const unmapped = vocabulary !== undefined && !rule.value && code === undefined
  if (unmapped) context.warn('code-unmapped', vocabulary.name)
  const json = primitiveJson(type, code?.code ?? text, context)
  if (json === undefined) {
    context.warn('value-not-understood', rule.id)
    return
  }
  if (codes !== undefined && !codes.has(JSON.parse(json) as string)) {
    if (!unmapped) context.warn('code-unmapped', rule.id)
    keepOriginal(rule, slot, text)
    return
  }
  put(rule, slot, json, fallback)
}

const ALTERNATE_CODES = 'http://hl7.org/fhir/StructureDefinition/alternate-codes'

/** A code that R4 does not allow stays readable in the extension that FHIR has for it. */
function keepOriginal(rule: CompiledRule, slot: Slot, text: string): void {
  const leaf = leafAt(slot)
  leaf.extensions ??= makeObject('Element')
  const key = `original/${rule.id}`
  const extension = objectAt({ parent: leaf.extensions, name: 'extension', list: true, primitive: false, key })
  setUrl(extension, ALTERNATE_CODES, rule.id)
  const concept = objectAt({ parent: extension, name: 'valueCodeableConcept', list: false, primitive: false, key: '' })
  setText(concept, 'text', text, rule.id)
}

/** A constant that stands for a field: it says nothing when nothing else was said. What another resource is, it says alone. */
function isWeak({ value, from, steps }: CompiledRule): boolean {
  const isConstant = value?.every((term) => 'text' in term) ?? false
  return isConstant && from.part !== undefined && steps.every(({ into }) => into === undefined)
}

function put(rule: CompiledRule, slot: Slot, json: string, fallback: boolean): void {
  const leaf = leafAt(slot)
  if (fallback && leaf.json !== undefined && !leaf.fallback) return
  leaf.json = json
  leaf.row = rule.id
  leaf.weak = isWeak(rule)
  leaf.fallback = fallback
}
