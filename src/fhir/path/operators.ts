/** FHIRPath's infix operators. https://hl7.org/fhirpath/N1/#operations */
import { SymbolAtom, type InfixOperatorAtom } from '@medplum/core'
import { computed, isNotEmpty, Uncompilable, type Compiled, type CompileScope } from './compiled.ts'
import { compare, distinct, EMPTY, equals, includes, ofBoolean, toBoolean } from './values.ts'
import type { Collection } from './values.ts'

type Infix = (left: Collection, right: Collection) => Collection

const OPERATORS: Readonly<Record<string, Infix>> = {
  '=': (left, right) => ofBoolean(equals(left, right)),
  '!=': (left, right) => ofBoolean(negate(equals(left, right))),
  '<': order((sign) => sign < 0),
  '<=': order((sign) => sign <= 0),
  '>': order((sign) => sign > 0),
  '>=': order((sign) => sign >= 0),
  '|': (left, right) => distinct([...left, ...right]),
  '&': (left, right) => [`${textOf(left)}${textOf(right)}`],
  '+': plus,
  in: (left, right) => (left.length === 0 ? EMPTY : ofBoolean(left.every((value) => includes(right, value)))),
  contains: (left, right) => (right.length === 0 ? EMPTY : ofBoolean(includes(left, right[0]))),
  xor: (left, right) => {
    const [a, b] = [toBoolean(left), toBoolean(right)]
    return a === undefined || b === undefined ? EMPTY : ofBoolean(a !== b)
  },
}

export function compileOperator(atom: InfixOperatorAtom, scope: CompileScope): Compiled {
  const { operator } = atom
  if (operator === 'is' || operator === 'as') return compileTypeOperator(atom, scope)
  const left = scope.compile(atom.left, scope).run
  const right = scope.compile(atom.right, scope).run
  // Three-valued logic; the right side is not asked when the left one decides.
  if (operator === 'and') {
    return computed((focus, context) => {
      const a = toBoolean(left(focus, context))
      if (a === false) return ofBoolean(false)
      const b = toBoolean(right(focus, context))
      return ofBoolean(b === false ? false : a === undefined ? undefined : b)
    })
  }
  if (operator === 'or' || operator === 'implies') {
    return computed((focus, context) => {
      const first = toBoolean(left(focus, context))
      const a = operator === 'or' ? first : negate(first)
      if (a === true) return ofBoolean(true)
      const b = toBoolean(right(focus, context))
      return ofBoolean(b === true ? true : a === undefined ? undefined : b)
    })
  }
  const infix = OPERATORS[operator]
  if (!infix) throw new Uncompilable(operator)
  return computed((focus, context) => infix(left(focus, context), right(focus, context)))
}

function compileTypeOperator(atom: InfixOperatorAtom, scope: CompileScope): Compiled {
  if (!(atom.right instanceof SymbolAtom)) throw new Uncompilable('type name')
  const narrowed = scope.compile(atom.left, scope).narrow(atom.right.name)
  if (atom.operator === 'as') return narrowed
  return isNotEmpty(narrowed)
}

function negate(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value
}

function order(accept: (sign: number) => boolean): Infix {
  return (left, right) => {
    if (left.length !== 1 || right.length !== 1) return EMPTY
    const sign = compare(left[0], right[0])
    return sign === undefined ? EMPTY : ofBoolean(accept(sign))
  }
}

function plus(left: Collection, right: Collection): Collection {
  const [a, b] = [left[0], right[0]]
  if (typeof a === 'number' && typeof b === 'number') return [a + b]
  if (typeof a === 'string' && typeof b === 'string') return [a + b]
  return EMPTY
}

function textOf(values: Collection): string {
  return values.length === 0 ? '' : String(values[0])
}
