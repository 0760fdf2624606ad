/** A code in its code system, and what can be said about whether it is in a set. */

export interface Coding {
  readonly system: string
  readonly code: string
}

/** `unknown`: what decides it is not here, for example the content of the code system. */
export type Verdict = 'yes' | 'no' | 'unknown'
