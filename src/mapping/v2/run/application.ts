/** What the rules of one table share while they run. */
import type { CompiledMap, Vocabulary } from '../program.ts'
import type { FunctionContext } from './functions.ts'
import type { PrimitiveContext } from './primitives.ts'
import type { ConditionContext, Scope } from './scope.ts'
import type { Obj, ResourceNode, Slot } from './tree.ts'
import type { Why } from './trace.ts'
import type { FieldReader } from './value.ts'

export interface RunContext
  extends ConditionContext, PrimitiveContext, Omit<FunctionContext, 'repetitions' | 'text'> {
  readonly read: FieldReader
  /** Numbers the applications of tables: the labels of one are its own. */
  nextApplication(): number
  /** 0 when a segment table fills a resource for the first time, 1 the second time. */
  nextTurn(resource: ResourceNode, map: CompiledMap): number
  readonly isTraced: boolean
  /** A field that says `""`: its element is to be removed. */
  clear(root: Obj, element: string): void
}

/** One application of a table: what its rules share. */
export interface Application {
  readonly number: number
  /** How many segments have filled the resource with the same segment table before: the second RXR is for the second dosage. */
  readonly turn: number
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
  /** Which rows led here and what they read; undefined where no trace is asked for. */
  readonly why: Why | undefined
  readonly context: RunContext
}
