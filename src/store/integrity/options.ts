/** How a commit wants its references to be looked at. */
import type { Key } from './dependencies.ts'

export interface IntegrityOptions {
  /** `accept`: a message, which must not be lost for what its resources refer to. Otherwise Failure `reference-not-found`. */
  readonly absentTargets?: 'refuse' | 'accept'
  /** What a search found just now. Has one of them gone meanwhile: Failure `conflict`/`criteria-matched`, search again. */
  readonly found?: readonly Key[]
  /** Where a path of a change's resource (empty: the change itself) stands in what the client sent. */
  place?(change: number, path: string): string
  /** Whether a refused deletion may name resources of this type; otherwise it only counts them. */
  mayName?(type: string): boolean
}
