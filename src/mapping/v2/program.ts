/** The compiled tables: frozen, checked against R4, ready to run on any number of messages. */
import type { Step } from './compile/resolve.ts'
import type { Condition } from './language/condition.ts'
import type { Term } from './language/expression.ts'
import type { OffsetAt } from './run/dates.ts'
import type { V2Path } from './language/v2-path.ts'

export interface Code {
  readonly code: string
  readonly system: string
  readonly display: string
  /** Number of the v2 table that the code is from: `0069`; '' when it is from none. */
  readonly table: string
}

export interface Vocabulary {
  readonly name: string
  readonly codes: ReadonlyMap<string, Code>
  /** By the code in capitals, where only one code has them: senders write `BOOKED` and `f`. */
  readonly folded: ReadonlyMap<string, Code>
}

/** What a code of a message is in FHIR; undefined when the vocabulary has no such code. */
export function codeIn({ codes, folded }: Vocabulary, code: string): Code | undefined {
  return codes.get(code) ?? folded.get(code.toUpperCase())
}

/** What a rule does with the value it found. */
export type Write =
  | { readonly as: 'primitive'; readonly type: string }
  | { readonly as: 'map'; readonly map: CompiledMap }
  | { readonly as: 'function'; readonly name: string; readonly argument: string; readonly type: string }
  /** `$levels`: the labelled items are places within each other. */
  | { readonly as: 'levels' }

export interface CompiledRule {
  /** `PID[Patient] PID-13b`: which row it is, for traces and messages. */
  readonly id: string
  readonly from: V2Path
  readonly when: Condition | undefined
  readonly self: 'this' | 'value' | 'levels' | undefined
  readonly sibling: string | undefined
  readonly steps: readonly Step[]
  /** The step that gets one item for each repetition of the source; -1: only the first repetition is used. */
  readonly repeatAt: number
  readonly fallback: boolean
  /** It says the same of each item that another field makes: `component[each]`. */
  readonly each: boolean
  /** Its condition asks for its own field not to be there. */
  readonly testsAbsence: boolean
  readonly write: Write
  /** The codes that R4 allows at the target, where it allows only some. */
  readonly codes: ReadonlySet<string> | undefined
  readonly vocabulary: Vocabulary | undefined
  readonly value: readonly Term[] | undefined
}

export interface CompiledMap {
  readonly name: string
  /** The FHIR type that it makes. */
  readonly base: string
  /** Filled after all maps exist, since maps refer to each other. */
  readonly rules: readonly CompiledRule[]
}

export interface Reference {
  readonly from: string
  readonly steps: readonly Step[]
  readonly to: string
}

/**
 * What a message says about two records rather than in one (HL7 v2.5 chapter 3, §3.6.2): `merge`: `from` is from now on
 * `to`. `change`: `from` is called `to`. `move`: `what` no longer belongs to `from` but to `to`. `move-number`: so
 * do the numbers that both are called by, with what is filed under them. `unlink`: the two are
 * not linked any more.
 */
export interface ReassignmentRule {
  readonly does: 'merge' | 'change' | 'move' | 'move-number' | 'unlink'
  readonly from: string
  readonly to: string
  /** Label of what is moved. */
  readonly what: string | undefined
}

export interface MessageRule {
  readonly id: string
  readonly when: Condition | undefined
  /** `Observation[2]`: one instance in its scope. */
  readonly label: string
  readonly type: string
  readonly map: CompiledMap
  readonly references: readonly Reference[]
  readonly reassignments: readonly ReassignmentRule[]
}

export interface SegmentPlace {
  readonly kind: 'segment'
  readonly name: string
  readonly repeats: boolean
  readonly rules: readonly MessageRule[]
}

export interface GroupPlace {
  readonly kind: 'group'
  readonly name: string
  readonly repeats: boolean
  readonly children: readonly (SegmentPlace | GroupPlace)[]
}

export interface Structure {
  readonly name: string
  readonly root: GroupPlace
  /** Label → depth of the group whose iteration holds one instance; `each`: one for each segment. */
  readonly scopes: ReadonlyMap<string, number | 'each'>
}

export interface Default {
  readonly type: string
  readonly element: string
  readonly json: string
  readonly when: string
  /** R4 requires the element. */
  readonly mandatory: boolean
}

export interface Requirement {
  /** Of these elements at least one has to be there. */
  readonly oneOf: readonly string[]
  /** JSON to fill in; '': without it the whole is left out. */
  readonly otherwise: string
}

/** What R4 does not allow alone: a duration without its unit; `!when`: what may not be there beside it. */
export interface Dependence {
  readonly element: string
  readonly needs: string
}

export interface Program {
  /** Table (`PID[Patient]`, `ORU_R01`, `defaults`) → its file inside config/mapping. */
  readonly files: ReadonlyMap<string, string>
  /** Ids of the rows that overrides replaced or added: `PID[Patient] PID-13b`. */
  readonly ownRows: ReadonlySet<string>
  /** The offsets of an IANA time zone; what a zone says is looked up once. */
  readonly offsetsOf: (timeZone: string) => OffsetAt
  /** Message type and trigger event → structure: `ADT^A04` → `ADT_A01`. */
  readonly events: ReadonlyMap<string, string>
  readonly structures: ReadonlyMap<string, Structure>
  readonly vocabularies: ReadonlyMap<string, Vocabulary>
  /** Name of a coding system in table 0396 → its URI. */
  readonly codeSystems: ReadonlyMap<string, string>
  readonly switches: ReadonlyMap<string, SwitchDeclaration>
  /** Resource type → what R4 requires and a message may not say. */
  readonly defaults: ReadonlyMap<string, readonly Default[]>
  /** Data type or backbone element → what it is nothing without. */
  readonly required: ReadonlyMap<string, readonly Requirement[]>
  /** What R4 does not allow a type or backbone element without: the names of each such element. */
  readonly mandatoryIn: (type: string) => readonly (readonly string[])[]
  /** Data type or backbone element → elements that are left out without another. */
  readonly dependent: ReadonlyMap<string, readonly Dependence[]>
}

export interface SwitchDeclaration {
  readonly name: string
  readonly values: readonly string[]
  readonly value: string
}
