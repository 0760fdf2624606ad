/**
 * What stands in a resource and is chained into: "A chained condition will be evaluated inside contained resources", and
 * Bundle's `composition` and `message` are themselves resources. Its values are entries of the outer resource, under
 * names that begin with how they are reached: `medication:Medication.ingredient-code`.
 * https://hl7.org/fhir/R4/search.html#contained
 */
import type { JsonObject } from '../../kernel/json.ts'
import { type CompositeEntry, type ValueEntries, valueLists } from './entries.ts'

type Entries = ValueEntries & { readonly composites: CompositeEntry[] }

/** What the names of the parameters of an embedded resource begin with. */
export function embeddedPrefix(param: string, type: string): string {
  return `${param}:${type}.`
}

/** The name of the token that says that a resource of a type stands where the parameter's reference points. */
export function embeddingName(param: string): string {
  return `${param}:contained`
}

/** @param entriesOf undefined: it is no resource of R4 */
export function addEmbedded(
  outer: Entries,
  entriesOf: (resource: JsonObject, type: string) => Entries | undefined,
): void {
  for (const { param, resource } of outer.embedded) {
    const type = String(resource['resourceType'])
    const inner = entriesOf(resource, type)
    if (!inner) continue
    const prefix = embeddedPrefix(param, type)
    outer.tokens.push({ param: embeddingName(param), system: undefined, code: type })
    addRenamed(outer, inner, prefix)
  }
}

function addRenamed(outer: Entries, inner: Entries, prefix: string): void {
  const [to, from] = [valueLists(outer), valueLists(inner)]
  for (const kind of Object.keys(from) as (keyof typeof from)[]) {
    const list: { param: string }[] = to[kind]
    for (const entry of from[kind]) list.push({ ...entry, param: prefix + entry.param })
  }
  for (const entry of inner.composites) outer.composites.push({ ...entry, param: prefix + entry.param })
  for (const code of inner.present) outer.present.add(prefix + code)
}
