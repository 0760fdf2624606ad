/**
 * An engine for all of FHIRPath, for expressions that the compiler doesn't take: ten times slower.
 * https://hl7.org/fhirpath/N1/
 */
import fhirpath from 'fhirpath'
import model from 'fhirpath/fhir-context/r4'

import type { Json } from '../../kernel/json.ts'
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
