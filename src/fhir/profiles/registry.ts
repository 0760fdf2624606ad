/**
 * The profiles of one tenant, as far as they are known: each is looked up once, made ready when first checked with, and
 * forgotten with the registry when one of them changes.
 */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { compileProfile, type CompilerDeps } from './compile.ts'
import type { ElementNode } from './element.ts'
import type { Profile } from './profile.ts'
import { r4Type, type Structure, structureOf } from './structure.ts'
import { chooseEdition, parseCanonical } from '../terminology/index.ts'
import { elementTree } from './tree.ts'

export interface ProfileRegistry {
  /** null: there is no such profile. undefined: what it takes to know isn't here yet; `missing` is told what. */
  find(canonical: string, missing: Set<string>): Profile | null | undefined
  /** All StructureDefinitions with this url, whatever their version; none: there is none. */
  add(url: string, structures: readonly JsonObject[]): void
}

interface Tree {
  readonly root: ElementNode
  readonly unknownBase: string | undefined
}
type BaseTree = Tree | { readonly root: undefined; readonly unknownBase: string | undefined }

/** Says nothing: what R4 says itself is the validator's. */
const R4: BaseTree = { root: undefined, unknownBase: undefined }

export function makeProfileRegistry(definitions: Definitions, deps: CompilerDeps): ProfileRegistry {
  const structures = new Map<string, readonly Structure[]>()
  const ready = new Map<Structure, Profile>()
  const trees = new Map<Structure, Tree>()

  function structureFor(canonical: string): Structure | null | undefined {
    const { url, version } = parseCanonical(canonical)
    const versions = structures.get(url)
    if (!versions) return undefined
    return chooseEdition(versions, version) ?? null
  }

  /** undefined: a base is missing. */
  function treeOf(structure: Structure, missing: Set<string>, above: readonly Structure[]): Tree | undefined {
    const known = trees.get(structure)
    if (known) return known
    const { type, elements, isWhole, base } = structure
    const under = isWhole || base === undefined ? R4 : baseTreeOf(base, missing, [...above, structure])
    if (!under) return undefined
    const tree = { ...under, root: elementTree(definitions, type, elements, under.root) }
    trees.set(structure, tree)
    return tree
  }

  /** undefined: not known yet. A circle of bases ends where it closes. */
  function baseTreeOf(
    canonical: string,
    missing: Set<string>,
    above: readonly Structure[],
  ): BaseTree | undefined {
    if (r4Type(definitions, canonical) !== undefined) return R4
    const structure = structureFor(canonical)
    if (structure === undefined) {
      missing.add(parseCanonical(canonical).url)
      return undefined
    }
    if (structure === null || above.includes(structure)) return { root: undefined, unknownBase: canonical }
    return treeOf(structure, missing, above)
  }

  return {
    find(canonical, missing) {
      const structure = structureFor(canonical)
      if (structure === undefined) {
        missing.add(parseCanonical(canonical).url)
        return undefined
      }
      if (structure === null) return null
      const known = ready.get(structure)
      if (known) return known
      const tree = treeOf(structure, missing, [])
      if (!tree) return undefined
      const { url, version, type } = structure
      const profile: Profile = { url, version, type, ...tree, check: compileProfile(deps, tree.root, url) }
      ready.set(structure, profile)
      return profile
    },
    add(url, found) {
      structures.set(
        url,
        found.map(structureOf).filter((structure) => structure !== undefined),
      )
    },
  }
}
