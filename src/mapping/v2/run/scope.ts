/** Where a rule stands in a message, and what its paths and conditions find there. */
import type { Hl7Segment } from '../../../hl7/index.ts'
import type { Comparison, Condition } from '../language/condition.ts'
import type { Term } from '../language/expression.ts'
import type { V2Path } from '../language/v2-path.ts'
import { nearestSegment, type GroupNode } from './groups.ts'
import { primitiveJson, type PrimitiveContext } from './primitives.ts'
import { textOf, type FieldReader, type V2Value } from './value.ts'

export interface Scope {
  readonly group: GroupNode
  readonly segment: Hl7Segment
  readonly read: FieldReader
  /** Field that the rule reads, and the repetition it is at. */
  readonly field: number | undefined
  readonly repetition: V2Value | undefined
  /** Inside a data type table: its name (`CX`) and the value that it reads. */
  readonly typeName: string | undefined
  readonly value: V2Value | undefined
}

/** The scope of a message's own rule at a segment. */
export function scopeOf(segment: Hl7Segment, group: GroupNode, read: FieldReader): Scope {
  return {
    group,
    segment,
    read,
    field: undefined,
    repetition: undefined,
    typeName: undefined,
    value: undefined,
  }
}

export interface ConditionContext extends PrimitiveContext {
  readonly switches: ReadonlyMap<string, string>
}

/** The value at a path; undefined when there is no such segment. */
export function valueAt(path: V2Path, scope: Scope): V2Value | undefined {
  const base = baseValue(path, scope)
  if (base === undefined) return undefined
  const component = path.component === undefined ? base : base.part(path.component)
  return path.subcomponent === undefined ? component : component.part(path.subcomponent)
}

function baseValue(path: V2Path, scope: Scope): V2Value | undefined {
  if (!path.ofSegment) return path.part === undefined ? scope.value : scope.value?.part(path.part)
  if (path.part === undefined) return path.name === scope.typeName ? scope.value : undefined
  const segment = segmentOf(path.name, scope)
  if (segment === undefined) return undefined
  if (segment === scope.segment && path.part === scope.field && scope.repetition) return scope.repetition
  const repetitions = scope.read(segment, path.part)
  return repetitions.find(({ valued }) => valued) ?? repetitions[0]
}

function segmentOf(name: string, { segment, group }: Scope): Hl7Segment | undefined {
  return segment.name === name ? segment : nearestSegment(group, name)
}

export function holds(condition: Condition | undefined, scope: Scope, context: ConditionContext): boolean {
  if (condition === undefined) return true
  switch (condition.is) {
    case 'and':
      return condition.of.every((each) => holds(each, scope, context))
    case 'or':
      return condition.of.some((each) => holds(each, scope, context))
    case 'not':
      return !holds(condition.of, scope, context)
    case 'valued':
      return isValued(condition.path, scope)
    case 'absent':
      return !isValued(condition.path, scope)
    case 'numeric':
      return isOf('decimal', valueAt(condition.path, scope), context)
    case 'dated':
      return isOf('dateTime', valueAt(condition.path, scope), context)
    case 'timed':
      return isOf('time', valueAt(condition.path, scope), context)
    case 'in': {
      const value = valueAt(condition.path, scope)
      return condition.values.includes((value && textOf(value)) ?? '')
    }
    case 'has':
      return repetitionsAt(condition.path, scope).some((value) =>
        condition.values.includes(textOf(value) ?? ''),
      )
    case 'count':
      return compare(countOf(condition.path, scope), condition.comparison, condition.number)
    case 'length': {
      const value = valueAt(condition.path, scope)
      return compare((value && textOf(value))?.length ?? 0, condition.comparison, condition.number)
    }
    case 'switch':
      return condition.values.includes(context.switches.get(condition.name) ?? '')
  }
}

function isValued(path: V2Path, scope: Scope): boolean {
  if (path.ofSegment && path.part === undefined && path.name !== scope.typeName) {
    return segmentOf(path.name, scope) !== undefined
  }
  return valueAt(path, scope)?.valued ?? false
}

/** The text is a value of the FHIR type. */
function isOf(type: string, value: V2Value | undefined, context: ConditionContext): boolean {
  const text = value && textOf(value)
  return text !== undefined && primitiveJson(type, text, context) !== undefined
}

/** What each repetition of a field has at a path. */
function repetitionsAt({ name, part, component, subcomponent }: V2Path, scope: Scope): readonly V2Value[] {
  const segment = segmentOf(name, scope)
  if (segment === undefined || part === undefined) return []
  const below = [component, subcomponent].filter((each) => each !== undefined)
  return scope
    .read(segment, part)
    .map((repetition) => below.reduce((value, number) => value.part(number), repetition))
}

function countOf({ name, part }: V2Path, scope: Scope): number {
  const segment = segmentOf(name, scope)
  if (segment === undefined || part === undefined) return 0
  return scope.read(segment, part).filter(({ valued }) => valued).length
}

function compare(left: number, comparison: Comparison, right: number): boolean {
  switch (comparison) {
    case '=':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

/** The text of an expression; undefined when one of its paths has nothing. */
export function expressionText(terms: readonly Term[], scope: Scope): string | undefined {
  let text = ''
  for (const term of terms) {
    const value = 'text' in term ? undefined : valueAt(term.path, scope)
    const part = 'text' in term ? term.text : value && textOf(value)
    if (part === undefined) return undefined
    text += part
  }
  return text
}
