/** What has to be known of two merged records to part them again. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'

export interface UndoNotes {
  /** What the merged record's state was: `active` of a Patient, `status` of others; null: nothing. */
  readonly state?: Json
  /** `system|value` of the identifiers that the survivor got from it. */
  readonly identifiers?: readonly string[]
}

/** The element that a merge sets. R4 has no links between accounts or encounters. */
export const STATE_ELEMENTS: Readonly<Record<string, string>> = {
  Patient: 'active',
  Account: 'status',
  Encounter: 'status',
}

function identifierName({ system, value }: JsonObject): string {
  return `${typeof system === 'string' ? system : ''}|${typeof value === 'string' ? value : ''}`
}

export function identifierNames(resource: JsonObject): string[] {
  const list = resource['identifier']
  return Array.isArray(list) ? list.filter(isObject).map(identifierName) : []
}

/** The record that was merged, as if it had not been. */
export function withoutReplacement(
  current: JsonObject,
  type: string,
  to: string,
  { state }: UndoNotes,
): JsonObject {
  const element = STATE_ELEMENTS[type]!
  const { [element]: _merged, ...rest } = current
  const parted = withoutLinks(rest, 'replaced-by', `${type}/${to}`)
  if (state === null || state === undefined)
    return type === 'Patient' ? parted : { ...parted, [element]: 'unknown' }
  return { ...parted, [element]: state }
}

/** The survivor without what it got. */
export function withoutReplaced(
  current: JsonObject,
  type: string,
  from: string,
  { identifiers = [] }: UndoNotes,
): JsonObject {
  const parted = withoutLinks(current, 'replaces', `${type}/${from}`)
  const list = parted['identifier']
  if (!Array.isArray(list)) return parted
  const got = new Set(identifiers)
  const own = list.filter((each) => !isObject(each) || !got.has(identifierName(each)))
  const { identifier: _all, ...rest } = parted
  return own.length === 0 ? rest : { ...parted, identifier: own }
}

function withoutLinks(resource: JsonObject, type: string, reference: string): JsonObject {
  const list = resource['link']
  if (!Array.isArray(list)) return resource
  const kept = list.filter((link) => {
    const other = isObject(link) ? link['other'] : undefined
    return !(isObject(link) && link['type'] === type && isObject(other) && other['reference'] === reference)
  })
  const { link: _links, ...rest } = resource
  return kept.length === 0 ? rest : { ...rest, link: kept }
}
