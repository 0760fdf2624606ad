/** What the parts of the FHIRPath compiler hand each other. */
import type { Atom } from '@medplum/core'
import type { Definitions } from '../definitions/index.ts'
import { ofBoolean, type Collection } from './values.ts'

/** What an expression sees beside its focus. */
export interface PathContext {
  /** %resource: the nearest resource around the focus, a contained one included. */
  readonly resource: unknown
  /** %rootResource: the whole resource. */
  readonly rootResource: unknown
}

export type Run = (focus: Collection, context: PathContext) => Collection

export interface Compiled {
  readonly run: Run
  /** FHIR types the result can have; undefined: not known. */
  readonly types: readonly string[] | undefined
  /** The same, of this type only: what `as`, `is` and `ofType` need. */
  readonly narrow: (type: string) => Compiled
}

export interface CompileScope {
  readonly definitions: Definitions
  /** Types of the focus. */
  readonly types: readonly string[] | undefined
  /** Compiles what is inside: arguments and operands. */
  readonly compile: (atom: Atom, scope: CompileScope) => Compiled
}

/** Thrown when an expression uses what the compiler does not know; the caller then takes the general evaluator. */
export class Uncompilable extends Error {}

export function unnarrowable(): never {
  throw new Uncompilable('type test on a computed value')
}

/** A result that no type is known of. */
export function computed(run: Run): Compiled {
  return { run, types: undefined, narrow: unnarrowable }
}

export function isNotEmpty(of: Compiled): Compiled {
  return computed((focus, context) => ofBoolean(of.run(focus, context).length > 0))
}
