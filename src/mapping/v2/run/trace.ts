/**
 * Where each element of a resource comes from: the rows of the tables that made it and the field that they read. Kept
 * only where somebody asks (`passerelle channel test --trace`): the pipeline does without.
 */
import { isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { CompiledRule } from '../program.ts'
import type { Scope } from './scope.ts'
import type { Leaf, Obj } from './tree.ts'

/** Why something stands in a resource. */
export interface Why {
  /** Ids of the rows, outermost first: `PID[Patient] PID-5`, `XPN[HumanName] XPN.2`. */
  readonly rows: readonly string[]
  /** What the innermost one read: `PID-5[2].2`; '' for what no field says. */
  readonly field: string
}

export interface TraceEntry extends Why {
  /** `Patient.name[0].given[1]`; what a primitive is extended with stands behind its name. */
  readonly element: string
}

/** Why a rule writes what it writes. */
export function whyOf(outer: Why, rule: CompiledRule, repetition: number, { segment }: Scope): Why {
  return { rows: [...outer.rows, rule.id], field: fieldText(outer, rule, repetition, segment) }
}

function fieldText(
  outer: Why,
  { from, repeatAt }: CompiledRule,
  repetition: number,
  segment: Scope['segment'],
): string {
  if (from.part === undefined && outer.field !== '') return outer.field
  const below = [from.component, from.subcomponent].filter((part) => part !== undefined)
  if (!from.ofSegment)
    return [outer.field, ...(from.part === undefined ? [] : [from.part]), ...below].join('.')
  const name = segment.sequence > 1 ? `${segment.name}[${segment.sequence}]` : segment.name
  if (from.part === undefined) return name
  const isOneOfSeveral = repeatAt !== -1 && segment.field(from.part).repetitions.length > 1
  const field = `${name}-${from.part}${isOneOfSeveral ? `[${repetition + 1}]` : ''}`
  return [field, ...below].join('.')
}

/** Notes the reason on everything at and below a node that a row wrote and that has none yet. */
export function mark(node: Obj, why: Why): void {
  const row = why.rows.at(-1)
  const visit = (item: Leaf | Obj): void => {
    if (item.kind === 'leaf') {
      if (item.row === row) item.why ??= why
      if (item.extensions) visit(item.extensions)
      return
    }
    for (const { items } of item.fields.values()) for (const each of items.values()) visit(each)
  }
  visit(node)
}

/** Collects entries while a resource is written, inside out: the number of a list item is known only behind it. */
export class Tracer {
  entries: TraceEntry[] = []

  add(element: string, { rows, field }: Why): void {
    this.entries.push({ element, rows, field })
  }

  /** Runs a step and takes away what it added. */
  take<T>(step: () => T): { readonly result: T; readonly entries: readonly TraceEntry[] } {
    const before = this.entries
    this.entries = []
    const result = step()
    const entries = this.entries
    this.entries = before
    return { result, entries }
  }

  /** Puts entries back under another path. */
  put(entries: readonly TraceEntry[], from: string, to: string): void {
    for (const entry of entries) {
      const isBelow = entry.element.startsWith(from)
      this.entries.push(isBelow ? { ...entry, element: to + entry.element.slice(from.length) } : entry)
    }
  }
}

/** The entries whose elements are there: what a rule wrote may have been left out afterwards. */
export function present(entries: readonly TraceEntry[], resource: JsonObject): TraceEntry[] {
  return entries.filter(({ element }) => valueAtElement(resource, element) !== undefined)
}

/** The value at `Patient.name[0].given[1]`; undefined when there is none. */
export function valueAtElement(resource: JsonObject, element: string): Json | undefined {
  const steps = element.split('.').slice(1)
  return steps.reduce<Json | undefined>((at, step, index) => {
    if (!isObject(at)) return undefined
    const [, name = '', number] = /^(.*?)(?:\[(\d+)\])?$/.exec(step) ?? []
    const isExtended = steps[index + 1]?.startsWith('extension') ?? false
    const found = isExtended && !isComplex(at[name]) ? at[`_${name}`] : (at[name] ?? at[`_${name}`])
    return number === undefined ? found : Array.isArray(found) ? found[Number(number)] : undefined
  }, resource)
}

function isComplex(value: Json | undefined): boolean {
  return isObject(Array.isArray(value) ? value.find((each) => each !== null) : value)
}
