/** A search as the store plans it: conditions, the order, and where the page begins. */
import type { Condition, WordsCondition } from './condition.ts'
import type { Cursor } from './cursor.ts'

export type SortKind =
  | { readonly by: 'date'; readonly param: string; readonly leading: boolean }
  /** Of several parameters together no index has the order. */
  | { readonly by: 'number'; readonly params: readonly string[] }
  | { readonly by: 'string'; readonly param: string }
  /** Tokens and uris: by code, then system, or by the uri. `code` is the parameter's name. */
  | { readonly by: 'token'; readonly param: string; readonly code: string }
  /** Of no index: read off the resources that were found. */
  | { readonly by: 'content'; readonly code: string }
  /** Best first, however the direction: how well the words are met. */
  | { readonly by: 'score'; readonly words: readonly WordsCondition[] }
  | { readonly by: 'id' }
  | { readonly by: 'last-updated' }

export interface SortPart {
  readonly kind: SortKind
  readonly descending: boolean
}

/** Where no order is asked for and no condition has one. */
export const LAST_CHANGED_FIRST: SortPart = { kind: { by: 'last-updated' }, descending: true }

export interface SearchQuery {
  readonly type: string
  /** All must hold. */
  readonly conditions: readonly Condition[]
  /** Empty: newest first. */
  readonly sort: readonly SortPart[]
  readonly count: number
  readonly cursor: Cursor | undefined
}
