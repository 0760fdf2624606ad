/**
 * What the index is asked: a tree of conditions. Some can begin a search (enumerate the resources that meet them), all
 * can test one resource; see sql/0002 for why each access path has exactly one index that can serve it.
 */
import type { Words } from '../../fhir/index.ts'
import type { SortKey } from './cursor.ts'
import type { RangeTest } from './range-test.ts'

export type Condition =
  | TokenCondition
  | StringCondition
  | RangeCondition
  | IdCondition
  | { readonly by: 'last-updated'; readonly tests: readonly RangeTest[] }
  /** A parameter, in 32 bits, has a value. */
  | { readonly by: 'present'; readonly param: number }
  /** It is in the compartment of some patient. */
  | { readonly by: 'patients' }
  /** Texts at these places begin with one of the values. */
  | { readonly by: 'places'; readonly paths: readonly string[]; readonly beginnings: readonly string[] }
  /** One of these texts is written at these places. */
  | { readonly by: 'written'; readonly paths: readonly string[]; readonly values: readonly string[] }
  | NearCondition
  | KeyCondition
  | WordsCondition
  | ChainCondition
  | HasCondition
  | { readonly by: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly by: 'not'; readonly of: Condition }

/** One of these: tokens, references and uris alike. */
export interface TokenCondition {
  readonly by: 'token'
  readonly hashes: readonly string[]
  /** More hashes, which token_value knows. */
  readonly spans: readonly TokenSpan[]
  /** The parameter is one of the type's leading ones: token_at has its tokens too. */
  readonly leading?: boolean
  /** A patient's or an encounter's own: never so many that looking for something rarer is worth it. */
  readonly personal?: boolean
}

export type TokenSpan =
  /** Of values between two texts (a code whatever its system, uris below one): `order` is the parameter's. */
  | {
      readonly order: string
      readonly from: string
      /** Excluded. */
      readonly to: string
      /** A few values at most. */
      readonly narrow?: true
    }
  /** Of all values with a system. */
  | { readonly system: string }

export interface StringCondition {
  readonly by: 'string'
  readonly param: string
  readonly matches: readonly StringMatch[]
  /** The row alone knows it: strings of a composite's bases. */
  readonly rowOnly?: true
}

export interface StringMatch {
  readonly how: 'starts' | 'equals' | 'differs' | 'contains' | 'ends' | 'exact'
  /** Normalised and cut as the index has it. */
  readonly value: string
  /** Normalised. */
  readonly whole: string
  /** As written, for `exact`. */
  readonly written: string
}

export interface RangeCondition {
  readonly by: 'range'
  readonly tests: readonly (RangeTest & {
    readonly param: string
    /** Where to begin, when the row alone knows `param`: a parameter whose intervals include these. */
    readonly among?: string
  })[]
  readonly rowOnly?: true
}

export interface IdCondition {
  readonly by: 'id'
  readonly type: string
  readonly ids: readonly string[]
}

interface NearCondition {
  readonly by: 'near'
  /** Latitudes, to begin with. */
  readonly latitudes: RangeCondition
  readonly latitude: number
  readonly longitude: number
  readonly meters: number
}

/** Stands at this place of an order: of those between which its next key decides. Tokens are a TokenCondition. */
export interface KeyCondition {
  readonly by: 'key'
  readonly type: string
  /** Where the order has its keys: columns of the row, or the index of `params`. */
  readonly of: 'id' | 'last-updated' | 'range' | 'string'
  readonly params: readonly string[]
  readonly descending: boolean
  /** null: it has none. */
  readonly key: SortKey
}

/** Words of the narrative or of all texts. */
export interface WordsCondition {
  readonly by: 'words'
  readonly of: 'narrative' | 'content'
  readonly query: Words
}

/** What is referred to at these places meets the condition of its type. */
export interface ChainCondition {
  readonly by: 'chain'
  readonly paths: readonly string[]
  /** The references are canonical URLs. */
  readonly canonical: boolean
  /** Bases under which an absolute reference is to a resource of this server. */
  readonly bases: readonly string[]
  readonly targets: readonly { readonly type: string; readonly condition: Condition }[]
}

/** Some resource refers to this one by the parameter and meets the condition. */
export interface HasCondition {
  readonly by: 'has'
  /** Type of this resource. */
  readonly type: string
  /** `Observation.subject`: what the tokens' hashes are made of. */
  readonly references: readonly string[]
  /** It may be named by its canonical URL. */
  readonly canonical: boolean
  readonly condition: Condition
  /** How to begin with those who refer; present when they can be streamed, newest first. */
  readonly stream?: ReferringStream
}

export interface ReferringStream {
  /** Tokens of which each of them has one, and that are all of the condition. */
  readonly hashes: readonly string[]
  /** Where they refer, as jsonpath. */
  readonly paths: readonly string[]
  /** Bases under which an absolute reference is to a resource of this server. */
  readonly bases: readonly string[]
}

/** Whether its hashes are few, so that each can be streamed. */
export function isStream(condition: Condition): condition is TokenCondition {
  return condition.by === 'token' && condition.spans.every((span) => 'narrow' in span)
}

/** Whether one hash is all of it. */
export function isOneToken(condition: Condition): condition is TokenCondition {
  return condition.by === 'token' && condition.hashes.length === 1 && condition.spans.length === 0
}

export function isReferringStream(
  condition: Condition,
): condition is HasCondition & { readonly stream: ReferringStream } {
  return condition.by === 'has' && condition.stream !== undefined
}

/** A condition to begin with, whatever the others are. */
export function isPersonal(condition: Condition): condition is TokenCondition {
  return isStream(condition) && condition.personal === true
}

export const NOTHING: Condition = { by: 'any', of: [] }

/** Conditions that all must hold, those of nested `all` among them. */
export function conjuncts(conditions: readonly Condition[]): Condition[] {
  return conditions.flatMap((one) => (one.by === 'all' ? conjuncts(one.of) : [one]))
}

/** Whether the tokens of a resource are all that has to be looked at: its row need not be read. */
export function isOfTokens(condition: Condition): boolean {
  switch (condition.by) {
    case 'token':
      return true
    case 'all':
    case 'any':
      return condition.of.every(isOfTokens)
    case 'not':
      return isOfTokens(condition.of)
    default:
      return false
  }
}
