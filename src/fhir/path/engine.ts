/**
 * An engine for all of FHIRPath, for expressions that the compiler doesn't take: ten times slower.
 * https://hl7.org/fhirpath/N1/
 */
import fhirpath from 'fhirpath'
import model from 'fhirpath/fhir-context/r4'

import type { Json, JsonObject } from '../../kernel/json.ts'
import type { PathContext } from './compiled.ts'
import { fhirFunctions } from './fhir-functions.ts'

/** Whether an expression is true of a value. @throws when it can't be evaluated on it */
export type PathTest = (value: Json, context: PathContext) => boolean

/** @throws when the expression is no FHIRPath */
export function pathTest(expression: string, type: string): PathTest {
  let root: unknown
  const userInvocationTable = fhirFunctions(() => root)
  const evaluate = fhirpath.compile({ base: type, expression }, model, { ...QUIET, userInvocationTable })
  return (value, { resource, rootResource }) => {
    root = rootResource
    const result = quietly((): unknown[] => evaluate(value, { resource, rootResource }))
    return result.length === 1 && result[0] === true
  }
}

const { warn } = console

/** The engine warns of dates that it rounds, and says which: patient data that must not end in a log. */
function quietly<T>(run: () => T): T {
  console.warn = () => {}
  try {
    return run()
  } finally {
    console.warn = warn
  }
}

/** Tracing would write patient data into a log. Without `async` nothing is fetched. */
const QUIET = { async: false, traceFn: () => {} } as const

/** A value of an expression with its FHIR type; of a computed one the FHIR type that is like it. */
export interface TypedValue {
  readonly type: string
  readonly value: unknown
}

/** The values of an expression in a resource of this type. @throws when the expression is no FHIRPath */
export function typedPath(expression: string, type: string): (resource: JsonObject) => readonly TypedValue[] {
  const evaluate = fhirpath.compile({ base: type, expression }, model, {
    ...QUIET,
    resolveInternalTypes: false,
  })
  return (resource) => {
    const found = quietly((): unknown[] => evaluate(resource, {}))
    const types = fhirpath.types(found)
    // The engine's own values become plain ones by their JSON.
    const values = JSON.parse(JSON.stringify(found)) as unknown[]
    return values.map((value, i) => ({ type: fhirTypeOf(types[i]!), value }))
  }
}

/** `FHIR.Coding`, `System.Date`. */
function fhirTypeOf(name: string): string {
  const [namespace, type = ''] = name.split('.')
  return namespace === 'System' ? type[0]!.toLowerCase() + type.slice(1) : type
}

/** What an expression calls, and the variables that it names. @throws when the expression is no FHIRPath */
export function namesIn(expression: string): {
  readonly functions: ReadonlySet<string>
  readonly variables: ReadonlySet<string>
} {
  const functions = new Set<string>()
  const variables = new Set<string>()
  const pending: SyntaxNode[] = [fhirpath.parse(expression) as SyntaxNode]
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === 'FunctionInvocation') functions.add(node.text ?? '')
    if (node.type === 'ExternalConstantTerm') variables.add(node.text ?? '')
    pending.push(...(node.children ?? []))
  }
  return { functions, variables }
}

interface SyntaxNode {
  readonly type: string
  readonly text?: string
  readonly children?: readonly SyntaxNode[]
}
