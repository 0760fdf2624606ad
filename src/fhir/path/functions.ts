/** The FHIRPath functions that R4's invariants and search parameters use. https://hl7.org/fhirpath/N1/#functions */
import { LiteralAtom, SymbolAtom, type Atom, type FunctionAtom } from '@medplum/core'
import {
  computed,
  isNotEmpty,
  Uncompilable,
  unnarrowable,
  type Compiled,
  type CompileScope,
  type Run,
} from './compiled.ts'
import { distinct, EMPTY, FALSE, includes, ofBoolean, toBoolean, TRUE, type Collection } from './values.ts'

type OnCollection = (values: Collection) => Collection

/** Functions without an argument: collection → collection. */
const ON_COLLECTION: Readonly<Record<string, OnCollection>> = {
  exists: (values) => ofBoolean(values.length > 0),
  empty: (values) => ofBoolean(values.length === 0),
  not: (values) => {
    const value = toBoolean(values)
    return value === undefined ? EMPTY : ofBoolean(!value)
  },
  count: (values) => [values.length],
  isDistinct: (values) => ofBoolean(distinct(values).length === values.length),
  hasValue: (values) => ofBoolean(values.length === 1 && typeof values[0] !== 'object'),
  allFalse: (values) => ofBoolean(values.every((value) => value === false)),
  toString: (values: Collection) => (values.length === 1 ? [String(values[0])] : EMPTY),
  children: (values) => values.flatMap(childrenOf),
  descendants: (values) => values.flatMap(descendantsOf),
  toInteger: (values) => {
    const number = Number(values[0])
    return values.length === 1 && Number.isInteger(number) ? [number] : EMPTY
  },
}

/** Those that keep the type of what they are called on. */
const SUBSET: Readonly<Record<string, OnCollection>> = {
  first: (values) => (values.length > 0 ? [values[0]] : EMPTY),
  tail: (values) => values.slice(1),
  distinct: (values) => distinct(values),
}

/** Functions of one text and constant arguments. */
const ON_TEXT: Readonly<Record<string, (...args: readonly unknown[]) => (text: string) => unknown>> = {
  matches: (pattern) => {
    const expression = new RegExp(String(pattern), 's')
    return (text) => expression.test(text)
  },
  contains: (part) => (text) => text.includes(String(part)),
  startsWith: (part) => (text) => text.startsWith(String(part)),
  endsWith: (part) => (text) => text.endsWith(String(part)),
  substring: (start) => (text) => text.slice(Number(start)),
}

/**
 * @param before what the function is called on; `scope` has its type
 * @param outer where a plain argument is evaluated: the focus of the whole expression
 */
export function compileFunction(
  before: Compiled,
  atom: FunctionAtom,
  scope: CompileScope,
  outer: CompileScope,
): Compiled {
  const { name, args } = atom
  if (args.length === 0) {
    const whole = Object.hasOwn(ON_COLLECTION, name) ? ON_COLLECTION[name] : undefined
    if (whole) return computed((focus, context) => whole(before.run(focus, context)))
    const subset = Object.hasOwn(SUBSET, name) ? SUBSET[name] : undefined
    if (subset)
      return { ...before, run: (focus, context) => subset(before.run(focus, context)), narrow: unnarrowable }
    throw new Uncompilable(name)
  }
  const onText = Object.hasOwn(ON_TEXT, name) ? ON_TEXT[name] : undefined
  if (onText) return textFunction(before, onText, args)
  const build = Object.hasOwn(WITH_CRITERIA, name) ? WITH_CRITERIA[name] : undefined
  if (!build) throw new Uncompilable(name)
  return build(before, args, scope, outer)
}

type Build = (before: Compiled, args: readonly Atom[], scope: CompileScope, outer: CompileScope) => Compiled

const WITH_CRITERIA: Readonly<Record<string, Build>> = {
  where: (before, [criteria], scope) => ({ ...filterBy(before, criteria!, scope), types: before.types }),
  exists: (before, [criteria], scope) => isNotEmpty(filterBy(before, criteria!, scope)),
  all(before, [criteria], scope) {
    const test = scope.compile(criteria!, scope).run
    return computed((focus, context) => {
      for (const item of before.run(focus, context)) {
        if (toBoolean(test([item], context)) !== true) return FALSE
      }
      return TRUE
    })
  },
  select(before, [projection], scope) {
    const inner = scope.compile(projection!, scope)
    const run: Run = (focus, context) =>
      before.run(focus, context).flatMap((item) => inner.run([item], context) as unknown[])
    return { run, types: inner.types, narrow: unnarrowable }
  },
  is: (before, args) => isNotEmpty(before.narrow(typeName(args))),
  as: (before, args) => before.narrow(typeName(args)),
  ofType: (before, args) => before.narrow(typeName(args)),
  combine(before, [other], _scope, outer) {
    const right = outer.compile(other!, outer).run
    return computed((focus, context) => [...before.run(focus, context), ...right(focus, context)])
  },
  intersect(before, [other], _scope, outer) {
    const right = outer.compile(other!, outer).run
    return computed((focus, context) => {
      const wanted = right(focus, context)
      return distinct(before.run(focus, context)).filter((item) => includes(wanted, item))
    })
  },
  iif(before, [condition, then, otherwise], scope) {
    const test = scope.compile(condition!, scope).run
    const yes = scope.compile(then!, scope).run
    const no = otherwise ? scope.compile(otherwise, scope).run : () => EMPTY
    return computed((focus, context) => {
      const items = before.run(focus, context)
      return toBoolean(test(items, context)) === true ? yes(items, context) : no(items, context)
    })
  },
  // Tracing would write patient data into a log.
  trace: (before) => before,
}

function filterBy(before: Compiled, criteria: Atom, scope: CompileScope): Compiled {
  const test = scope.compile(criteria, scope).run
  return computed((focus, context) =>
    before.run(focus, context).filter((item) => toBoolean(test([item], context)) === true),
  )
}

function typeName(args: readonly Atom[]): string {
  const [type] = args
  if (!(type instanceof SymbolAtom)) throw new Uncompilable('type name')
  return type.name
}

function textFunction(
  before: Compiled,
  build: (...args: readonly unknown[]) => (text: string) => unknown,
  args: readonly Atom[],
): Compiled {
  const values = args.map((arg) => {
    if (!(arg instanceof LiteralAtom)) throw new Uncompilable('computed argument')
    return arg.value.value as unknown
  })
  const apply = build(...values)
  return computed((focus, context) => {
    const items = before.run(focus, context)
    return items.length === 1 && typeof items[0] === 'string' ? [apply(items[0])] : EMPTY
  })
}

function childrenOf(node: unknown): unknown[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.values(node).flat()
}

function descendantsOf(node: unknown): unknown[] {
  return childrenOf(node).flatMap((child) => [child, ...descendantsOf(child)])
}
