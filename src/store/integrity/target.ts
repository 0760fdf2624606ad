/** What a resource refers to on this server. https://hl7.org/fhir/R4/references.html#literal */
import { type LocalTarget, meaningOf, type ReferenceWalk } from '../../fhir/index.ts'
import type { JsonObject } from '../../kernel/json.ts'

export interface Target {
  readonly type: string
  readonly id: string
  /** The version that there must be at least; 0: any. */
  readonly version: number
}

export interface Targets {
  readonly named: readonly Target[]
  /** A reference is of this server by its form and names no resource or version that can be. */
  readonly nowhere: boolean
}

export type ToLocal = (url: string) => string | undefined

/** Each target once. */
export function targetsOf(walk: ReferenceWalk, resource: JsonObject, toLocal: ToLocal): Targets {
  const named = new Map<string, Target>()
  let nowhere = false
  walk(resource, (reference) => {
    const target = targetOf(reference, toLocal)
    if (target === 'nowhere') nowhere = true
    else if (target !== 'elsewhere') named.set(versionNameOf(target), target)
  })
  return { named: [...named.values()], nowhere }
}

export function targetOf(reference: string, toLocal: ToLocal): Target | 'elsewhere' | 'nowhere' {
  const meaning = meaningOf(reference, toLocal)
  return typeof meaning === 'string' ? meaning : withNumber(meaning)
}

export function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}/${id}`
}

/** Tells apart references to several versions of a resource. */
export function versionNameOf(target: Target): string {
  return `${nameOf(target)}/${target.version}`
}

/** Versions are counted from 1 and none is ever taken away, so there are all up to the current one. */
function withNumber({ type, id, version }: LocalTarget): Target | 'nowhere' {
  if (version === undefined) return { type, id, version: 0 }
  return /^[1-9]\d{0,8}$/.test(version) ? { type, id, version: Number(version) } : 'nowhere'
}
