/**
 * What becomes of a stored resource when a message speaks of it. A message says what it knows: an element that it leaves
 * out stays, one that it sends takes the place of the stored one, `""` removes it. Lists that many senders add to
 * (identifiers, the results of a report) are united.
 */
import type { ExactJson, Json, JsonObject } from '../../kernel/json.ts'
import type { MappedResource } from './run/assemble.ts'

export interface MergeOptions {
  /** The message says which numbers are in force: a former one that it names is one again. */
  readonly renumbers?: boolean
}

/** @param current the stored resource, undefined when there is none */
export function mergeMapped(
  current: JsonObject | undefined,
  mapped: MappedResource,
  options: MergeOptions = {},
): ExactJson {
  if (current === undefined || mapped.mode === 'replace')
    return { value: mapped.resource, exact: mapped.exact }
  return {
    value: merge(current, mapped.resource, mapped, options),
    exact: merge(current, mapped.exact, mapped, options),
  }
}

function merge(
  current: JsonObject,
  said: JsonObject,
  { fallbacks, cleared, type }: MappedResource,
  { renumbers = false }: MergeOptions,
): JsonObject {
  const merged: JsonObject = { ...current }
  for (const element of cleared) {
    // An identifier is never taken away by an empty field: other systems know the resource by it.
    if (element === 'identifier') continue
    for (const name of namesOf(element, merged)) delete merged[name]
  }
  const optional = new Set(fallbacks)
  for (const [name, value] of Object.entries(said)) {
    if (optional.has(name) && namesOf(name.replace(/^_/, ''), merged).length > 0) continue
    removeOtherChoices(merged, name)
    merged[name] = isUnited(type, name)
      ? united(merged[name], value, !renumbers && name === 'identifier')
      : name === 'meta'
        ? withMeta(merged[name], value)
        : value
  }
  return merged
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

function isUnited(type: string, name: string): boolean {
  return name === 'identifier' || (UNITED[type]?.includes(name) ?? false)
}

/** New items after the stored ones; one that is known (same identifier, same reference) in its place. */
function united(stored: Json | undefined, said: Json, keepsFormer = false): Json {
  if (!Array.isArray(stored) || !Array.isArray(said)) return said
  const saidByKey = new Map(said.map((item) => [keyOf(item), item]))
  const kept = stored.map((item) => {
    const key = keyOf(item)
    const newer = saidByKey.get(key)
    saidByKey.delete(key)
    return newer === undefined || (keepsFormer && isFormerNumber(item)) ? item : newer
  })
  return [...kept, ...saidByKey.values()]
}

function isFormerNumber(item: Json): boolean {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && item['use'] === 'old'
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
  const isObject = (json: Json | undefined): json is JsonObject =>
    typeof json === 'object' && json !== null && !Array.isArray(json)
  return isObject(stored) && isObject(said) ? { ...stored, ...said } : said
}
