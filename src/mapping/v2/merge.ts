/**
 * What becomes of a stored resource when a message speaks of it. A message says what it knows: an element that it leaves
 * out stays, one that it sends takes the place of the stored one, `""` removes it. Lists that many senders add to
 * (identifiers, the results of a report) are united.
 */
import { type ExactJson, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { MappedResource } from './run/assemble.ts'

export interface MergeOptions {
  /** The message says which numbers are in force: a former one that it names is one again. */
  readonly renumbers?: boolean
  /** Elements of which something newer is known: what the message says of them does not count. */
  readonly held?: ReadonlySet<string>
  /** Something newer is known of the resource: of what is listed there already the stored item counts. */
  readonly isOlder?: boolean
}

/** @param current the stored resource, undefined when there is none */
export function mergeMapped(
  current: JsonObject | undefined,
  mapped: MappedResource,
  options: MergeOptions = {},
): ExactJson {
  if (current === undefined || mapped.mode === 'replace')
    return { value: mapped.resource, exact: mapped.exact }
  if (mapped.mode === 'keep') return { value: current, exact: current }
  return {
    value: merge(current, mapped.resource, mapped, options),
    exact: merge(current, mapped.exact, mapped, options),
  }
}

function merge(
  current: JsonObject,
  said: JsonObject,
  { fallbacks, cleared, type }: MappedResource,
  { renumbers = false, held = NOTHING, isOlder = false }: MergeOptions,
): JsonObject {
  const merged: JsonObject = { ...current }
  for (const element of cleared) {
    // An identifier is never taken away by an empty field: other systems know the resource by it.
    if (element === 'identifier') continue
    if (held.has(elementOf(element))) continue
    if (element === 'period.end') takeEnd(merged)
    for (const name of namesOf(element, merged)) delete merged[name]
  }
  const optional = new Set(fallbacks)
  for (const [name, value] of Object.entries(said)) {
    if (optional.has(name) && namesOf(name.replace(/^_/, ''), merged).length > 0) continue
    if (held.has(elementOf(name.replace(/^_/, '')))) continue
    removeOtherChoices(merged, name)
    merged[name] = isUnited(type, name)
      ? united(merged[name], value, isOlder, !renumbers && name === 'identifier')
      : name === 'meta'
        ? withMeta(merged[name], value)
        : type === 'Encounter' && name === 'period'
          ? withParts(merged[name], value, held)
          : value
  }
  return merged
}

const NOTHING: ReadonlySet<string> = new Set()

/** Beginning and end of a visit are told by different messages. */
function withParts(stored: Json | undefined, said: Json, held: ReadonlySet<string>): Json {
  if (!isObject(said)) return said
  const parts = Object.entries(said).filter(([part]) => !held.has(`period.${part}`))
  return { ...(isObject(stored) && stored), ...Object.fromEntries(parts) }
}

/** An object must not be empty. */
export function takeEnd(resource: JsonObject): void {
  const { period } = resource
  if (!isObject(period) || period['end'] === undefined) return
  const { end: _end, ...rest } = period
  if (Object.keys(rest).length === 0) delete resource['period']
  else resource['period'] = rest
}

/** A choice is one element, whatever its type. */
export function elementOf(name: string): string {
  return CHOICES.find((choice) => isChoiceOf(choice, name)) ?? name
}

/** The element itself, its primitive's extensions, and for a choice its other types. */
function namesOf(element: string, resource: JsonObject): string[] {
  const choice = CHOICES.find((name) => isChoiceOf(name, element))
  return Object.keys(resource).filter((name) => {
    const bare = name.replace(/^_/, '')
    return bare === element || (choice !== undefined && isChoiceOf(choice, bare))
  })
}

/** The choice elements of the resources that messages make. A new type takes the place of the stored one. */
const CHOICES = [
  'deceased',
  'multipleBirth',
  'value',
  'effective',
  'occurrence',
  'medication',
  'onset',
  'abatement',
  'performed',
  'quantity',
]

function isChoiceOf(choice: string, element: string): boolean {
  return element.startsWith(choice) && /^[A-Z]/.test(element.slice(choice.length))
}

function removeOtherChoices(resource: JsonObject, name: string): void {
  for (const other of namesOf(name.replace(/^_/, ''), resource)) {
    if (other.replace(/^_/, '') !== name.replace(/^_/, '')) delete resource[other]
    // The extensions of a primitive belong to the value that goes.
    else if (other === `_${name}`) delete resource[other]
  }
}

const UNITED: Readonly<Record<string, readonly string[]>> = {
  DiagnosticReport: ['result', 'specimen', 'basedOn'],
  ServiceRequest: ['supportingInfo', 'specimen'],
  Encounter: ['diagnosis', 'account'],
  CareTeam: ['participant'],
  Patient: ['generalPractitioner', 'link'],
}

export function isUnited(type: string, name: string): boolean {
  return name === 'identifier' || (UNITED[type]?.includes(name) ?? false)
}

/** New items after the stored ones; one that is known (same identifier, same reference) in its place. */
function united(stored: Json | undefined, said: Json, isOlder: boolean, keepsFormer: boolean): Json {
  if (!Array.isArray(stored) || !Array.isArray(said)) return said
  const saidByKey = new Map(said.map((item) => [keyOf(item), item]))
  const kept = stored.map((item) => {
    const key = keyOf(item)
    const newer = saidByKey.get(key)
    saidByKey.delete(key)
    return newer === undefined || isOlder || (keepsFormer && isFormerNumber(item)) ? item : newer
  })
  return [...kept, ...saidByKey.values()]
}

function isFormerNumber(item: Json): boolean {
  return isObject(item) && item['use'] === 'old'
}

function keyOf(item: Json): string {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return JSON.stringify(item)
  const { value, system, reference, condition, member } = item
  if (typeof value === 'string') return `${typeof system === 'string' ? system : ''}|${value}`
  for (const target of [reference, condition, member]) if (target !== undefined) return JSON.stringify(target)
  return JSON.stringify(item)
}

/** Tags, profiles and labels of the stored resource stay; the source is the message's. */
function withMeta(stored: Json | undefined, said: Json): Json {
  return isObject(stored) && isObject(said) ? { ...stored, ...said } : said
}
