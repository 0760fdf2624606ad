/**
 * What a merge says of the two records themselves, where the message does not say it: the survivor gets the numbers of
 * the other one, and the other one is out of force. HL7 v2.5 chapter 3, §3.6.2.1.2; FHIR R4 patient.html#links.
 */
import { isObject, type JsonObject } from '../kernel/json.ts'
import type { MappedResource } from '../mapping/index.ts'
import type { Names } from '../store/index.ts'

type Plan = Names['plan']
type Merge = Plan['todo'][number]

export function withReplaced(resources: readonly MappedResource[], plan: Plan): MappedResource[] {
  const merges = plan.todo.filter(({ does }) => does === 'merge')
  const all = resources.map((mapped) => {
    const own = merges.filter(({ type, to }) => type === mapped.type && to === mapped.id)
    const alone = withoutOwnLinks(mapped)
    return own.reduce((survivor, merge) => withNumbersOf(survivor, merge, plan), alone)
  })
  const written = new Set(all.map(({ type, id }) => `${type}/${id}`))
  const first = resources.find(({ type }) => type !== 'Provenance')
  const meta = first?.resource['meta']
  const missing = merges.filter(({ type, from }) => !written.has(`${type}/${from}`))
  return [
    ...all,
    ...missing.map((merge) => replacedRecord(merge, isObject(meta) ? meta : {}, first?.at ?? 0)),
  ]
}

/** Merged into itself, whatever it was called. */
function withoutOwnLinks(mapped: MappedResource): MappedResource {
  const own = `${mapped.type}/${mapped.id}`
  const links = mapped.resource['link']
  if (!Array.isArray(links) || !links.some((link) => refersTo(link, [own]))) return mapped
  return changed(mapped, (resource) => withLinks(resource, (link) => !refersTo(link, [own])))
}

/**
 * All numbers of the merged record are the survivor's from now on; those of an authority that gave the survivor one of
 * its own are former ones.
 */
function withNumbersOf(
  survivor: MappedResource,
  { type, from, to }: Merge,
  { stored }: Plan,
): MappedResource {
  const listOf = (text: string | undefined): JsonObject[] =>
    text === undefined ? [] : identifiersIn(JSON.parse(text) as JsonObject)
  const said = identifiersIn(survivor.resource)
  const own = [...said, ...listOf(stored.get(`${type}/${to}`))]
  const names = new Set(own.map(nameOf))
  const systems = new Set(own.filter(({ use }) => use !== 'old').map(({ system }) => system))
  const got = listOf(stored.get(`${type}/${from}`))
    .filter((each) => !names.has(nameOf(each)))
    .map((each): JsonObject => (systems.has(each['system']) ? { ...each, use: 'old' } : each))
  if (got.length === 0) return survivor
  return changed(survivor, (resource) => ({ ...resource, identifier: [...identifiersIn(resource), ...got] }))
}

/** For a record that a message calls otherwise while another one has the new number already. */
function replacedRecord({ type, from, to }: Merge, meta: JsonObject, at: number): MappedResource {
  const state: Readonly<Record<string, JsonObject>> = {
    Patient: { active: false, link: [{ other: { reference: `${type}/${to}` }, type: 'replaced-by' }] },
    Account: { status: 'inactive' },
    // R4 wants a class; what is stored has one.
    Encounter: { status: 'entered-in-error', class: UNKNOWN },
  }
  const resource = { resourceType: type, id: from, meta, ...state[type] }
  const fallbacks = type === 'Encounter' ? ['class'] : []
  return {
    type,
    id: from,
    resource,
    exact: resource,
    cleared: [],
    fallbacks,
    mode: 'merge',
    at,
    trace: [],
  }
}

const UNKNOWN = { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK' }

/** `Patient/id` of those that the message says are not linked with this one. */
export function unlinkedFrom({ type, id }: MappedResource, { unlinked }: Plan): string[] {
  return unlinked.flatMap(({ type: linked, from, to }) =>
    linked !== type ? [] : from === id ? [`${type}/${to}`] : to === id ? [`${type}/${from}`] : [],
  )
}

/** Links of merges stay: only a merge that is taken back parts those. */
export function withoutLinksTo(resource: JsonObject, others: readonly string[]): JsonObject {
  return withLinks(resource, (link) => isMerge(link) || !refersTo(link, others))
}

function withLinks(resource: JsonObject, keep: (link: unknown) => boolean): JsonObject {
  const { link: links, ...rest } = resource
  if (!Array.isArray(links)) return resource
  const kept = links.filter(keep)
  return kept.length === 0 ? rest : { ...rest, link: kept }
}

function refersTo(link: unknown, names: readonly string[]): boolean {
  const { other } = link as { other?: { reference?: string } }
  return other?.reference !== undefined && names.includes(other.reference)
}

function isMerge(link: unknown): boolean {
  return ['replaces', 'replaced-by'].includes((link as { type?: string }).type ?? '')
}

function changed(mapped: MappedResource, change: (resource: JsonObject) => JsonObject): MappedResource {
  return { ...mapped, resource: change(mapped.resource), exact: change(mapped.exact) }
}

function identifiersIn(resource: JsonObject): JsonObject[] {
  const list = resource['identifier']
  return Array.isArray(list) ? list.filter(isObject) : []
}

function nameOf({ system, value }: JsonObject): string {
  return `${typeof system === 'string' ? system : ''}|${typeof value === 'string' ? value : ''}`
}
