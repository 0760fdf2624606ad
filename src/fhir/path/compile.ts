/**
 * FHIRPath, parsed by @medplum/core, compiled to functions on plain JSON: what R4's invariants and search parameters use
 * of it. The compiler knows each step's FHIR type, so `value` on an Observation is a lookup of `valueQuantity`,
 * `valueString`, … and no type has to travel with the values. https://hl7.org/fhirpath/N1/
 */
import {
  DotAtom,
  EmptySetAtom,
  FhirPathAtom,
  FunctionAtom,
  IndexerAtom,
  InfixOperatorAtom,
  LiteralAtom,
  parseFhirPath,
  SymbolAtom,
  UnaryOperatorAtom,
  type Atom,
} from '@medplum/core'
import type { Definitions, Property } from '../definitions/index.ts'
import {
  Uncompilable,
  unnarrowable,
  type Compiled,
  type CompileScope,
  type PathContext,
  type Run,
} from './compiled.ts'
import { compileFunction } from './functions.ts'
import { compileOperator } from './operators.ts'
import { EMPTY, toBoolean, type Collection } from './values.ts'

/**
 * Compiles an expression for a focus of one of these types.
 * @throws Uncompilable
 */
export function compilePath(definitions: Definitions, expression: string, types: readonly string[]): Run {
  return compileAtom(parseFhirPath(expression), { definitions, types, compile: compileAtom }).run
}

/**
 * Compiles the criteria of a `where(…)` for items of this type.
 * @throws Uncompilable
 */
export function compileCriteria(
  definitions: Definitions,
  criteria: Atom,
  type: string,
): (item: unknown) => boolean {
  const { run } = compileAtom(criteria, { definitions, types: [type], compile: compileAtom })
  const nowhere = { resource: undefined, rootResource: undefined }
  return (item) => toBoolean(run([item], nowhere)) === true
}

function compileAtom(atom: Atom, scope: CompileScope): Compiled {
  if (atom instanceof FhirPathAtom) return compileAtom(atom.child, scope)
  if (atom instanceof LiteralAtom) return constant([atom.value.value as unknown])
  if (atom instanceof EmptySetAtom) return constant(EMPTY)
  if (atom instanceof SymbolAtom) return compileSymbol(atom.name, scope)
  if (atom instanceof DotAtom) return compileStep(atom.left, atom.right, scope)
  if (atom instanceof FunctionAtom) return compileFunction(focusOf(scope), atom, scope, scope)
  if (atom instanceof IndexerAtom) return compileIndex(atom, scope)
  if (atom instanceof UnaryOperatorAtom) throw new Uncompilable('unary operator')
  if (atom instanceof InfixOperatorAtom) return compileOperator(atom, scope)
  throw new Uncompilable(atom.constructor.name)
}

function constant(values: Collection): Compiled {
  return { run: () => values, types: undefined, narrow: unnarrowable }
}

/** The focus itself, which a type test may narrow when its type is certain. */
function focusOf({ definitions, types }: CompileScope): Compiled {
  const same: Compiled = {
    run: (focus) => focus,
    types,
    narrow(type) {
      if (types?.length !== 1) return unnarrowable()
      if (types[0] === 'Resource') return ofResourceType(same, type, definitions)
      return definitions.isA(types[0]!, type) ? same : constant(EMPTY)
    },
  }
  return same
}

function ofResourceType(of: Compiled, type: string, definitions: Definitions): Compiled {
  return {
    run: (focus, context) =>
      of.run(focus, context).filter((value) => {
        const name = (value as { resourceType?: unknown } | null)?.resourceType
        return typeof name === 'string' && definitions.isA(name, type)
      }),
    types: [type],
    narrow: unnarrowable,
  }
}

const VARIABLES: Readonly<Record<string, (context: PathContext) => Collection>> = {
  '%ucum': () => ['http://unitsofmeasure.org'],
  '%sct': () => ['http://snomed.info/sct'],
  '%loinc': () => ['http://loinc.org'],
}

function compileSymbol(name: string, scope: CompileScope): Compiled {
  if (name === '$this') return focusOf(scope)
  if (name === '%resource') return variable((context) => [context.resource])
  if (name === '%rootResource') return variable((context) => [context.rootResource])
  const known = VARIABLES[name]
  if (known) return variable(known)
  if (name.startsWith('%') || name.startsWith('$')) throw new Uncompilable(name)
  const { types, definitions } = scope
  if (types?.some((type) => definitions.isA(type, name))) return focusOf(scope)
  return compileProperty(focusOf(scope), name, scope)
}

function variable(value: (context: PathContext) => Collection): Compiled {
  return { run: (_focus, context) => value(context), types: undefined, narrow: unnarrowable }
}

function compileStep(left: Atom, right: Atom, scope: CompileScope): Compiled {
  const before = compileAtom(left, scope)
  const inner = { ...scope, types: before.types }
  if (right instanceof SymbolAtom) return compileProperty(before, right.name, inner)
  if (right instanceof FunctionAtom) return compileFunction(before, right, inner, scope)
  throw new Uncompilable('step')
}

function compileIndex(atom: IndexerAtom, scope: CompileScope): Compiled {
  const { left, expr } = atom
  if (!(expr instanceof LiteralAtom) || typeof expr.value.value !== 'number')
    throw new Uncompilable('indexer')
  const before = compileAtom(left, scope)
  const index = expr.value.value
  return {
    run(focus, context) {
      const values = before.run(focus, context)
      return index < values.length ? [values[index]] : EMPTY
    },
    types: before.types,
    narrow: unnarrowable,
  }
}

function compileProperty(before: Compiled, name: string, scope: CompileScope): Compiled {
  const properties = propertiesNamed(name, scope)
  return stepTo(before, properties, scope.definitions)
}

/** The JSON properties that an element's name stands for on these types; a plain lookup where the type is not known. */
function propertiesNamed(name: string, { definitions, types }: CompileScope): readonly NamedProperty[] {
  if (!types) return [{ name, type: undefined, primitive: true }]
  const found = new Map<string, NamedProperty>()
  for (const path of types) {
    const type = definitions.type(path)
    if (!type) throw new Uncompilable(path)
    if (type.kind === 'primitive' && types.length > 1) continue
    if (type.kind === 'primitive') throw new Uncompilable('property of a primitive')
    if (type.abstract) return [{ name, type: undefined, primitive: true }]
    for (const property of type.properties.values()) {
      if (property.element === name || property.name === name) found.set(property.name, property)
    }
  }
  return [...found.values()]
}

type NamedProperty = Pick<Property, 'name' | 'primitive'> & { readonly type: string | undefined }

function stepTo(before: Compiled, properties: readonly NamedProperty[], definitions: Definitions): Compiled {
  const types = properties.map(({ type }) => type)
  return {
    run(focus, context) {
      const found: unknown[] = []
      for (const node of before.run(focus, context)) {
        if (typeof node !== 'object' || node === null) continue
        for (const { name, primitive } of properties) {
          collect((node as Record<string, unknown>)[name], found)
          // A primitive without a value may still have an id or extensions, in `_name`.
          if (primitive) collectExtended(node as Record<string, unknown>, name, found)
        }
      }
      return found
    },
    types: types.includes(undefined) ? undefined : (types as string[]),
    narrow(type) {
      if (types.includes(undefined)) return unnarrowable()
      if (types.length === 1 && types[0] === 'Resource') return ofResourceType(this, type, definitions)
      const wanted = properties.filter((property) => definitions.isA(property.type!, fhirTypeName(type)))
      return stepTo(before, wanted, definitions)
    },
  }
}

/** `is Boolean` means System.Boolean, FHIR's `boolean`. */
function fhirTypeName(type: string): string {
  return SYSTEM_TYPES[type] ?? type
}

const SYSTEM_TYPES: Readonly<Record<string, string>> = {
  Boolean: 'boolean',
  String: 'string',
  Integer: 'integer',
  Decimal: 'decimal',
}

function collect(value: unknown, into: unknown[]): void {
  if (value === undefined || value === null) return
  if (!Array.isArray(value)) into.push(value)
  else for (const item of value) if (item !== null) into.push(item)
}

function collectExtended(node: Record<string, unknown>, name: string, into: unknown[]): void {
  const sibling = node[`_${name}`]
  if (sibling === undefined || sibling === null) return
  const value = node[name]
  if (!Array.isArray(sibling)) {
    if (value === undefined) into.push(sibling)
    return
  }
  sibling.forEach((item, i) => {
    if (item !== null && (!Array.isArray(value) || value[i] === null || value[i] === undefined))
      into.push(item)
  })
}
