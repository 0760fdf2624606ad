/**
 * An expression on a resource, with everything that a person who writes one wants to know: types, places, traces.
 * By the general engine, whatever the expression; it may take for ever. The answer has the shape of the public FHIRPath
 * test servers: https://github.com/brianpos/fhirpath-lab/blob/main/server-api.md
 */
import fhirpath from 'fhirpath'
import model from 'fhirpath/fhir-context/r4'

import type { JsonObject } from '../../kernel/json.ts'
import { fhirFunctions } from './fhir-functions.ts'
import { parseDecimals, partOf, partText, type PathPart } from './parts.ts'

export interface PathQuestion {
  readonly expression: string
  /** The expression is evaluated on each item of this one. */
  readonly context: string | undefined
  /** JSON text, so that decimals stay exact; undefined: there is nothing to look at. */
  readonly resource: string | undefined
  /** Name → JSON text of `{ valueX: … }` or `{ resource: … }`. */
  readonly variables: readonly (readonly [name: string, value: string])[]
  /** Types that a parameter can have as value[x]. */
  readonly valueTypes: ReadonlySet<string>
}

export type PathAnswer =
  | { readonly results: readonly PathResult[] }
  | { readonly failed: 'syntax'; readonly line: number; readonly column: number }
  | { readonly failed: 'function' | 'variable'; readonly name: string }
  /** On this resource. What the engine says of it may quote the resource. */
  | { readonly failed: 'evaluation' }

export interface PathResult {
  /** Of the item of the context. */
  readonly place: string | undefined
  readonly values: readonly PathPart[]
  readonly traces: readonly { readonly label: string; readonly values: readonly PathPart[] }[]
}

export const ENGINE = `fhirpath.js-${fhirpath.version} (r4)`

export function evaluatePath(question: PathQuestion): PathAnswer {
  try {
    return { results: resultsOf(question) }
  } catch (error) {
    return failureOf(error)
  }
}

function resultsOf({ expression, context, resource, variables, valueTypes }: PathQuestion): PathResult[] {
  const root = resource === undefined ? undefined : parseDecimals(resource)
  const constants = { ...constantsIn(expression), ...constantsIn(context ?? '') }
  const userInvocationTable = fhirFunctions(() => root)
  const run = (focus: unknown, text: string, traces: Traces): unknown[] => {
    const traceFn = (values: unknown, label: string) => void traces.push([label, values as unknown[]])
    const environment = { ...constants, ...valuesOf(variables), resource: root, rootResource: root }
    // The engine takes its own nodes as focus; its types don't say so.
    return fhirpath.evaluate(focus as JsonObject, text, environment, model, {
      ...OPTIONS,
      traceFn,
      userInvocationTable,
    }) as unknown[]
  }
  const partsOf = (values: readonly unknown[]) => {
    const types = fhirpath.types([...values])
    return values.map((value, i) => partOf(value, types[i]!, valueTypes))
  }
  const focuses = context === undefined ? [root ?? {}] : run(root ?? {}, context, [])
  return focuses.map((focus, i): PathResult => {
    const traces: Traces = []
    const values = partsOf(run(focus, expression, traces))
    return {
      place: context === undefined ? undefined : (partsOf([focus])[0]!.place ?? `${context}[${i}]`),
      values,
      traces: traces.map(([label, traced]) => ({ label, values: partsOf(traced) })),
    }
  })
}

type Traces = [label: string, values: unknown[]][]

/** Exact decimals; values with their types and places. Nothing is fetched. */
const OPTIONS = { async: false, resolveInternalTypes: false, preciseMath: true } as const

/** What FHIR adds to FHIRPath's own. https://hl7.org/fhir/R4/fhirpath.html#variables */
function constantsIn(expression: string): Record<string, string> {
  const constants: Record<string, string> = { sct: 'http://snomed.info/sct', loinc: 'http://loinc.org' }
  for (const [, name, kind, rest] of expression.matchAll(/%[`'"]?((vs|ext)-([\w.-]+))/g))
    constants[name!] = `http://hl7.org/fhir/${kind === 'vs' ? 'ValueSet' : 'StructureDefinition'}/${rest}`
  return constants
}

/** With their types: a dateTime compares with dates. */
function valuesOf(variables: PathQuestion['variables']): Record<string, unknown> {
  return Object.fromEntries(
    variables.map(([name, text]) => {
      const parameter = parseDecimals(text)
      if (parameter['resource'] !== undefined) return [name, parameter['resource']]
      const holder = { resourceType: 'Parameters', parameter: [parameter] }
      return [name, fhirpath.evaluate(holder, 'parameter.value', {}, model, OPTIONS)]
    }),
  )
}

/** Of the engine's messages only what speaks of the expression, never what may quote the data. */
function failureOf(error: unknown): PathAnswer {
  const message = error instanceof Error ? error.message : ''
  const syntax = /^line: (\d+); column: (\d+); message: /.exec(message)
  if (syntax) return { failed: 'syntax', line: Number(syntax[1]), column: Number(syntax[2]) + 1 }
  const unknown = /^Not implemented: (\w+)$/.exec(message)?.[1]
  if (unknown !== undefined) return { failed: 'function', name: unknown }
  const variable = /^Attempting to access an undefined environment variable: ([\w-]+)$/.exec(message)?.[1]
  if (variable !== undefined) return { failed: 'variable', name: variable }
  return { failed: 'evaluation' }
}

/** The results as JSON texts of `result` parameters, with commas between them. */
export function answerText(results: readonly PathResult[]): string {
  return results.map(resultText).join(',')
}

function resultText({ place, values, traces }: PathResult): string {
  const parts = [
    ...values.map(partText),
    ...traces.map(({ label, values: traced }) => {
      const inner = traced.length === 0 ? '' : `,"part":[${traced.map(partText).join(',')}]`
      return `{"name":"trace","valueString":${JSON.stringify(label)}${inner}}`
    }),
  ]
  // An array must not be empty.
  return (
    '{"name":"result"' +
    (place === undefined ? '' : `,"valueString":${JSON.stringify(place)}`) +
    (parts.length === 0 ? '' : `,"part":[${parts.join(',')}]`) +
    '}'
  )
}
