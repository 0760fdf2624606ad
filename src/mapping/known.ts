/** Resources that turn out to be here already under another id: they and the references to them get that id. */
import { type ExactJson, isObject, type JsonObject, parseExactObject } from '../kernel/json.ts'

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
export function withKnownIds(exact: JsonObject, known: ReadonlyMap<string, string>): ExactJson {
  let text = JSON.stringify(exact)
  for (const [name, id] of known) {
    const [type] = name.split('/')
    text = text.replaceAll(`"${name}"`, `"${type}/${id}"`)
  }
  const renamed = parseExactObject(text)
  const id = known.get(`${String(exact['resourceType'])}/${String(exact['id'])}`)
  if (id === undefined) return renamed
  return { value: { ...renamed.value, id }, exact: { ...renamed.exact, id } }
}
