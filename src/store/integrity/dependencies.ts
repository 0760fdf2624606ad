/** What a commit depends on: what must be there when it writes, and what nobody may refer to afterwards. */
import type { JsonObject } from '../../kernel/json.ts'
import { nameOf, type Target, type Targets, versionNameOf } from './target.ts'

export interface Key {
  readonly type: string
  readonly id: string
}

/** What a commit does to a resource. */
export interface Effect {
  readonly outcome: Key & {
    readonly version: number
    readonly did: 'created' | 'updated' | 'unchanged' | 'deleted'
    /** Empty: it isn't there. */
    readonly body: string
  }
  readonly write?: { readonly rid: number }
  /** What is going to be written, and what it refers to. */
  readonly next?: { readonly resource: JsonObject; readonly targets: Targets }
}

export interface Dependencies {
  /** Must be there; what the commit writes itself is not among them. */
  readonly targets: readonly Target[]
  /** Nothing may refer to these. */
  readonly deleted: readonly Key[]
  /** A reference that nothing can satisfy. */
  readonly hopeless: boolean
}

const NONE: Dependencies = { targets: [], deleted: [], hopeless: false }

/** What a commit's own writes say about a target; undefined: nothing, so the database has to. */
export type OwnWrites = (target: Target) => boolean | undefined

/** A resource that is created or updated keeps others from deleting it: both would write the same version. */
export function ownWrites(effects: readonly Effect[]): OwnWrites {
  const versions = new Map<string, number>()
  for (const { outcome } of effects) {
    if (outcome.did !== 'unchanged') {
      versions.set(nameOf(outcome), outcome.did === 'deleted' ? -1 : outcome.version)
    }
  }
  return (target) => {
    const version = versions.get(nameOf(target))
    return version === undefined ? undefined : version >= target.version
  }
}

/** Everything that the writes refer to. */
export function clientDependencies(effects: readonly Effect[]): Dependencies {
  const isOwn = ownWrites(effects)
  const targets = new Map<string, Target>()
  let hopeless = false
  for (const { next } of effects) {
    if (next === undefined) continue
    hopeless ||= next.targets.nowhere
    for (const target of next.targets.named) {
      const own = isOwn(target)
      if (own === undefined) targets.set(versionNameOf(target), target)
      else hopeless ||= !own
    }
  }
  return { targets: [...targets.values()], deleted: deletedIn(effects), hopeless }
}

/**
 * Only what the commit found and left as it was. A message is never lost for a reference: it refers to what it brings
 * along, and what was stored before may refer to whatever it did.
 */
export function messageDependencies(effects: readonly Effect[]): Dependencies {
  if (effects.every(({ outcome }) => outcome.did === 'unchanged')) return NONE
  return { targets: keptIn(effects), deleted: deletedIn(effects), hopeless: false }
}

/** What the commit saw and did not write, so that it may have gone meanwhile. */
export function keptIn(effects: readonly Effect[]): Target[] {
  return effects
    .filter(({ outcome }) => outcome.did === 'unchanged' && outcome.body !== '')
    .map(({ outcome: { type, id } }) => ({ type, id, version: 0 }))
}

function deletedIn(effects: readonly Effect[]): Key[] {
  return effects.filter(({ outcome }) => outcome.did === 'deleted').map(({ outcome }) => outcome)
}
