/**
 * What a tenant keeps to read messages with: ConceptMaps from local codes to standard ones, and NamingSystems that say
 * which identifier or code system a name stands for. https://hl7.org/fhir/R4/conceptmap.html, https://hl7.org/fhir/R4/namingsystem.html
 */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { universalUri } from './run/systems.ts'

export interface TranslatedCoding {
  readonly system: string | undefined
  readonly code: string
  readonly display: string | undefined
  /** The map that says so: its URL, else its name or id. */
  readonly map: string
}

interface ConceptGroup {
  readonly map: string
  /** URL, name and id: how a channel may name the map. */
  readonly names: ReadonlySet<string>
  readonly target: string | undefined
  readonly codes: ReadonlyMap<string, readonly TranslatedCoding[]>
  readonly unmapped: 'none' | 'provided' | TranslatedCoding
}

export interface Dictionary {
  /** Namespace id, OID or name of an authority → its identifier system. */
  readonly identifierSystems: ReadonlyMap<string, string>
  /** Name of a coding system → its URI. */
  readonly codeSystems: ReadonlyMap<string, string>
  /** Identifier system → the one that ids are made of; what is not in it has made none yet. */
  readonly idSystems: ReadonlyMap<string, string>
  /** Source system ('' for groups that name none) → the groups of maps that translate from it. */
  readonly concepts: ReadonlyMap<string, readonly ConceptGroup[]>
}

export const EMPTY_DICTIONARY: Dictionary = {
  identifierSystems: new Map(),
  codeSystems: new Map(),
  idSystems: new Map(),
  concepts: new Map(),
}

/**
 * @param resources the tenant's ConceptMaps and NamingSystems; those that are retired count for nothing
 * @param idSystems what ids are made of for the systems that have made some
 */
export function makeDictionary(
  resources: readonly JsonObject[],
  idSystems: ReadonlyMap<string, string> = new Map(),
): Dictionary {
  const identifierSystems = new Map<string, string>()
  const codeSystems = new Map<string, string>()
  const concepts = new Map<string, ConceptGroup[]>()
  for (const resource of resources) {
    if (resource['status'] === 'retired') continue
    if (resource['resourceType'] === 'NamingSystem') {
      addNames(resource, resource['kind'] === 'codesystem' ? codeSystems : identifierSystems)
    } else if (resource['resourceType'] === 'ConceptMap') {
      for (const { source, group } of groupsOf(resource))
        concepts.set(source, [...(concepts.get(source) ?? []), group])
    }
  }
  return { identifierSystems, codeSystems, idSystems, concepts }
}

/** Every way to name the system leads to its URI: the preferred one, else a URL, else the OID or UUID as a URN. */
function addNames(system: JsonObject, names: Map<string, string>): void {
  const ids = objects(system['uniqueId']).flatMap((id) => {
    const [type, value] = [text(id['type']), text(id['value'])]
    if (type === undefined || value === undefined) return []
    return [
      {
        type,
        value,
        uri: type === 'other' ? undefined : uriOf(type, value),
        preferred: id['preferred'] === true,
      },
    ]
  })
  const uris = ids.filter((id) => id.uri !== undefined)
  const chosen = uris.find(({ preferred }) => preferred) ?? uris.find(({ type }) => type === 'uri') ?? uris[0]
  if (chosen?.uri === undefined) return
  for (const { value, uri } of ids) for (const name of [value, uri]) if (name) names.set(name, chosen.uri)
  const name = text(system['name'])
  if (name !== undefined) names.set(name, chosen.uri)
}

function uriOf(type: string, value: string): string | undefined {
  return type === 'uri' ? value : universalUri(value, undefined)
}

/** The target means the same, or more than the source does; what means less or something else is no translation. */
const FITTING = new Set(['equal', 'equivalent', 'wider', 'subsumes'])

function groupsOf(map: JsonObject): { source: string; group: ConceptGroup }[] {
  const names = ['url', 'name', 'id'].flatMap((key) => text(map[key]) ?? [])
  const name = names[0] ?? 'ConceptMap'
  return objects(map['group']).map((group) => {
    const target = text(group['target'])
    const coding = (from: JsonObject): TranslatedCoding[] => {
      const code = text(from['code'])
      return code === undefined ? [] : [{ system: target, code, display: text(from['display']), map: name }]
    }
    const codes = new Map(
      objects(group['element']).flatMap((element) => {
        const code = text(element['code'])
        const fitting = objects(element['target']).filter((each) => FITTING.has(String(each['equivalence'])))
        return code === undefined || fitting.length === 0 ? [] : [[code, fitting.flatMap(coding)] as const]
      }),
    )
    const unmapped = isObject(group['unmapped']) ? group['unmapped'] : {}
    const otherwise =
      unmapped['mode'] === 'fixed'
        ? coding(unmapped)[0]
        : unmapped['mode'] === 'provided'
          ? 'provided'
          : undefined
    return {
      source: text(group['source']) ?? '',
      group: { map: name, names: new Set(names), target, codes, unmapped: otherwise ?? 'none' },
    }
  })
}

/**
 * What a coding is translated to. undefined where no map is for its system.
 * @param named the maps that the channel names; undefined: all that say of which system they are
 */
export function translationsOf(
  { concepts }: Dictionary,
  { system, code }: { readonly system: string | undefined; readonly code: string },
  named: readonly string[] | undefined,
): readonly TranslatedCoding[] | undefined {
  const isLocal = system === undefined || system.startsWith('urn:passerelle:cs:')
  const groups = [
    ...(system === undefined ? [] : (concepts.get(system) ?? [])),
    // A map without a source system is for local codes, and only where a channel asks for it.
    ...(isLocal && named !== undefined ? (concepts.get('') ?? []) : []),
  ].filter(({ names }) => named === undefined || named.some((name) => names.has(name)))
  if (groups.length === 0) return undefined
  return groups.flatMap(({ codes, unmapped, target, map }) => {
    const found = codes.get(code)
    if (found !== undefined) return found
    if (unmapped === 'none') return []
    return unmapped === 'provided' ? [{ system: target, code, display: undefined, map }] : [unmapped]
  })
}

function text(json: Json | undefined): string | undefined {
  return typeof json === 'string' && json !== '' ? json : undefined
}

function objects(json: Json | undefined): JsonObject[] {
  return Array.isArray(json) ? json.filter(isObject) : []
}
