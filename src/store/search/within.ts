/**
 * A parameter of a resource that stands in the one that is searched for, contained or as an entry of a Bundle: the index
 * has its values under longer names (fhir/search/embedded.ts), the content has them below another place.
 */
import { embeddedPrefix, type SearchParameter } from '../../fhir/index.ts'

export interface Within {
  /** What the names of its parameters begin with. */
  readonly prefix: string
  /** Where it stands, as an SQL/JSON path. */
  readonly root: string
}

/** The name of a parameter in the index. */
export function nameIn(within: Within | undefined, code: string): string {
  return within ? within.prefix + code : code
}

/** Paths from the resource that is searched for. */
export function pathsIn(within: Within | undefined, paths: readonly string[]): readonly string[] {
  return within ? paths.map((path) => within.root + path.slice('$'.length)) : paths
}

/** What a reference of the parameter embeds. Contained resources of one type are told apart by the index, not by place. */
export function embeddedIn(outer: Within | undefined, param: SearchParameter, type: string): Within {
  const isOfType = `(@."resourceType" == "${type}")`
  const root =
    param.base === 'Bundle' && !outer
      ? `$."entry"[0]."resource" ? ${isOfType}`
      : `$."contained"[*] ? ${isOfType}`
  return { prefix: embeddedPrefix(nameIn(outer, param.code), type), root }
}
