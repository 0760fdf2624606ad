/**
 * What a message said of each element and when, against what was said before: an older message completes what nobody has
 * said since and takes nothing from it. The last word on each element is the newest one, whatever order they come in.
 */
import { isObject, type JsonObject } from '../../../kernel/json.ts'
import { elementOf, isUnited } from '../merge.ts'
import type { MappedResource } from '../run/assemble.ts'

/** When a resource was last spoken of, epoch ms, and each of its elements. */
export interface SaidTimes {
  readonly at: number
  readonly elements: Readonly<Record<string, number>>
}

/** Elements that the message has something to say of, `""` included; none: it only completes what is there. */
export function saidElements({ type, resource, cleared, fallbacks }: MappedResource): string[] {
  const optional = new Set(fallbacks)
  const said = Object.keys(resource)
    .filter((name) => !OWN.has(name) && !optional.has(name) && !isUnited(type, name))
    .flatMap((name) => partsOf(type, name, resource))
  return [...new Set([...said, ...cleared.filter((name) => !isUnited(type, name)).map(elementOf)])]
}

const OWN: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta', 'text', 'contained'])

/** Admission and discharge are told by different messages: beginning and end of a visit are two things. */
function partsOf(type: string, name: string, resource: JsonObject): string[] {
  const value = resource[name]
  if (type === 'Encounter' && name === 'period' && isObject(value))
    return Object.keys(value).map((part) => `period.${part}`)
  return [elementOf(name.replace(/^_/, ''))]
}

/** Of these elements something newer is known. */
export function heldBack(said: readonly string[], at: number, times: SaidTimes | undefined): Set<string> {
  return new Set(said.filter((element) => (times?.elements[element] ?? -Infinity) > at))
}

export function timesAfter(said: readonly string[], at: number, times: SaidTimes | undefined): SaidTimes {
  const elements = { ...times?.elements }
  for (const element of said) elements[element] = Math.max(elements[element] ?? -Infinity, at)
  return { at: Math.max(times?.at ?? -Infinity, at), elements }
}

/** Preliminary, final, corrected: what was said at one moment goes by that. HL7 v2 tables 0085 and 0123. */
export function rankOf(status: unknown): number {
  switch (status) {
    case 'registered':
    case 'partial':
    case 'preliminary':
      return 1
    case 'final':
      return 2
    case 'amended':
    case 'corrected':
    case 'appended':
    case 'cancelled':
    case 'entered-in-error':
      return 3
    default:
      return 0
  }
}
