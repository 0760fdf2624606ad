/** Resources cut to what a client wants, and marked so. https://hl7.org/fhir/R4/search.html#summary */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { dataMask, elementsMask, makeSummaryMasks, type Mask, textMask } from './mask.ts'
import type { Subset } from './request.ts'

export interface Subsetter {
  /** Takes and gives exact numbers. The same object when the subset says nothing of resources of its type. */
  resource(resource: JsonObject, subset: Subset): JsonObject
  /**
   * A Bundle of the server's with its resources cut. Elements without a type are those of matches: what was included
   * stays whole unless its type is named. Outcomes stay whole.
   */
  entries(bundle: JsonObject, subset: Subset): JsonObject
}

export function makeSubsetter(definitions: Definitions): Subsetter {
  const summaryMask = makeSummaryMasks(definitions)

  function maskOf(type: string, subset: Subset, isIncluded: boolean): Mask {
    if ('elements' in subset) {
      const paths = subset.elements.filter((path) =>
        path.type === undefined ? !isIncluded : path.type === type,
      )
      return paths.length === 0 ? 'whole' : elementsMask(definitions, type, paths)
    }
    switch (subset.summary) {
      case 'true':
        return summaryMask(type)
      case 'text':
        return textMask(definitions, type)
      case 'data':
        return dataMask(definitions, type)
      case 'count':
        return 'whole'
    }
  }

  function cut(resource: JsonObject, subset: Subset, isIncluded = false): JsonObject {
    const { resourceType } = resource
    if (typeof resourceType !== 'string' || !definitions.isResourceType(resourceType)) return resource
    const mask = maskOf(resourceType, subset, isIncluded)
    if (mask === 'whole') return resource
    return marked({ resourceType, ...membersOf(resource, mask) })
  }

  function entry(value: Json, subset: Subset): Json {
    if (!isObject(value) || !isObject(value['resource'])) return value
    const { resource, search } = value
    const mode = isObject(search) ? search['mode'] : undefined
    if (mode === 'outcome') return value
    return { ...value, resource: cut(resource, subset, mode === 'include') }
  }

  return {
    resource: (resource, subset) => cut(resource, subset),
    entries(bundle, subset) {
      const { entry: entries } = bundle
      return Array.isArray(entries)
        ? { ...bundle, entry: entries.map((each) => entry(each, subset)) }
        : bundle
    },
  }
}

function membersOf(object: JsonObject, mask: Exclude<Mask, 'whole'>): JsonObject {
  const kept: JsonObject = {}
  for (const [key, value] of Object.entries(object)) {
    const inner = mask(key.startsWith('_') ? key.slice(1) : key)
    if (inner !== undefined) kept[key] = key.startsWith('_') ? value : partOf(value, inner)
  }
  return kept
}

function partOf(value: Json, mask: Mask): Json {
  if (mask === 'whole') return value
  if (Array.isArray(value)) return value.map((item) => partOf(item, mask))
  if (!isObject(value)) return value
  const part = membersOf(value, mask)
  // Nothing may be empty.
  return Object.keys(part).length === 0 ? value : part
}

const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
}

/** "to ensure that the incomplete resource is not actually used to overwrite a complete resource" */
function marked(resource: JsonObject): JsonObject {
  if (isSubset(resource)) return resource
  const { resourceType, id, meta, ...rest } = resource
  const before = isObject(meta) ? meta : {}
  const tag = [...(Array.isArray(before['tag']) ? before['tag'] : []), { ...SUBSETTED }]
  return {
    resourceType: resourceType!,
    ...(id !== undefined && { id }),
    meta: { ...before, tag },
    ...rest,
  }
}

/** Whether a resource says that it is not all there. */
export function isSubset({ meta }: JsonObject): boolean {
  const tags = isObject(meta) && Array.isArray(meta['tag']) ? meta['tag'] : []
  return tags.some(
    (tag) => isObject(tag) && tag['code'] === SUBSETTED.code && tag['system'] === SUBSETTED.system,
  )
}
