/** What a subset leaves of each type: functions from a member's name to what is kept of it. */
import type { Definitions, Property } from '../definitions/index.ts'
import type { ElementPath } from './request.ts'

/** All of it, or the members for which the function has a mask. Names are those of JSON, without `_`. */
export type Mask = 'whole' | ((name: string) => Mask | undefined)

/** `_summary=true`: the elements that the definitions mark, and what a resource can't be without or be read without. */
export function makeSummaryMasks(definitions: Definitions): (type: string) => Mask {
  const masks = new Map<string, Mask>()

  function maskOf(type: string): Mask {
    let mask = masks.get(type)
    if (mask === undefined) {
      const { properties } = definitions.type(type)!
      mask = (name) => {
        const property = properties.get(name)
        if (property === undefined) return undefined
        if (property.entry.summary) return isWhole(property) ? 'whole' : maskOf(property.type)
        return isIndispensable(property) ? 'whole' : undefined
      }
      masks.set(type, mask)
    }
    return mask
  }
  return maskOf
}

/** `_summary=text`: "only the text, id, meta, and top-level mandatory elements". */
export function textMask(definitions: Definitions, type: string): Mask {
  const { properties } = definitions.type(type)!
  return (name) =>
    name === 'id' || name === 'meta' || name === 'text' || properties.get(name)?.entry.min
      ? 'whole'
      : undefined
}

/** `_summary=data`: all but the narrative. */
export function dataMask(definitions: Definitions, type: string): Mask {
  const { properties } = definitions.type(type)!
  return (name) => (properties.get(name)?.type === 'Narrative' ? undefined : 'whole')
}

/**
 * `_elements`: those that were named, and beside them what a resource can't be without or be read without.
 */
export function elementsMask(definitions: Definitions, type: string, paths: readonly ElementPath[]): Mask {
  const isResource = definitions.type(type)!.kind === 'resource'
  return maskAlong(
    definitions,
    type,
    paths.map(({ steps }) => steps),
    (name) => name === 'id' || (isResource && name === 'meta'),
  )
}

function maskAlong(
  definitions: Definitions,
  type: string,
  paths: readonly (readonly string[])[],
  isKept: (name: string) => boolean,
): Mask {
  const { properties } = definitions.type(type)!
  return (name) => {
    const property = properties.get(name)
    if (property === undefined) return undefined
    const rests = paths
      .filter(([step]) => step === name || step === property.element)
      .map(([, ...rest]) => rest)
    if (rests.length === 0) return isKept(name) || isIndispensable(property) ? 'whole' : undefined
    const isNamed = isWhole(property) || rests.some((rest) => rest.length === 0)
    return isNamed ? 'whole' : maskAlong(definitions, property.type, rests, (inner) => inner === 'id')
  }
}

/** What is mandatory, and what changes the meaning of the rest, like `status: entered-in-error`. */
function isIndispensable({ entry }: Property): boolean {
  return entry.min !== undefined || entry.modifier === true
}

/** Extensions and resources mean nothing in part. */
function isWhole({ primitive, type }: Property): boolean {
  return primitive || type === 'Extension' || type === 'Resource'
}
