/** Resources that turn out to be here already under another id: they and the references to them get that id. */
import { type ExactJson, isExactNumber, isObject, type Json, type JsonObject } from '../kernel/json.ts'

/** What can be found by its identifier; orders and results belong to their sender's numbers alone. */
const IDENTIFIED: ReadonlySet<string> = new Set([
  'Patient',
  'Practitioner',
  'Organization',
  'Location',
  'Encounter',
])

export interface IdentifierOf {
  readonly type: string
  readonly id: string
  readonly system: string
  readonly value: string
}

/** The identifiers by which these resources may be known. */
export function identifiersOf(
  resources: readonly { readonly type: string; readonly id: string; readonly resource: JsonObject }[],
): IdentifierOf[] {
  return resources.flatMap(({ type, id, resource }) => {
    // A movement inside a visit may bear a number that some visit has.
    const isMovement = type === 'Encounter' && resource['partOf'] !== undefined
    const list = IDENTIFIED.has(type) && !isMovement ? resource['identifier'] : undefined
    if (!Array.isArray(list)) return []
    return list.filter(isObject).flatMap(({ system, value, use }) =>
      // Without a system the same number may be anybody's; a former number was another record's; a temporary one is
      // nobody's for good.
      typeof system === 'string' && typeof value === 'string' && use !== 'old' && use !== 'temp'
        ? [{ type, id, system, value }]
        : [],
    )
  })
}

/** @param known `Type/id` → the id that it is known by */
export function withKnownIds({ value, exact }: ExactJson, known: ReadonlyMap<string, string>): ExactJson {
  if (known.size === 0) return { value, exact }
  const renamed = withNames(exact, known)
  // Mostly a message's numbers are plain, and both trees are one.
  const plain = value === exact ? renamed : withNames(value, known)
  const id = known.get(`${String(exact['resourceType'])}/${String(exact['id'])}`)
  if (id === undefined) return { value: plain, exact: renamed }
  const own = { ...renamed, id }
  return { value: plain === renamed ? own : { ...plain, id }, exact: own }
}

/** The same tree where nothing in it has a name to replace. */
function withNames<T extends Json>(json: T, known: ReadonlyMap<string, string>): T
function withNames(json: Json, known: ReadonlyMap<string, string>): Json {
  if (typeof json === 'string') return nameOf(json, known)
  if (Array.isArray(json)) {
    const items = json.map((item) => withNames(item, known))
    return items.some((item, at) => item !== json[at]) ? items : json
  }
  if (!isObject(json) || isExactNumber(json)) return json
  let renamed: JsonObject | undefined
  for (const name in json) {
    const member = json[name]!
    const after = withNames(member, known)
    if (after !== member) (renamed ??= { ...json })[name] = after
  }
  return renamed ?? json
}

function nameOf(text: string, known: ReadonlyMap<string, string>): string {
  let name = text
  // One after the other: who was merged may be known by the id of another.
  for (const [from, id] of known) if (name === from) name = `${from.slice(0, from.indexOf('/'))}/${id}`
  return name
}
