/** For tests: terminology over resources in memory. */
import type { TenantId } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { DEFAULT_LIMITS, type Limits } from './budget.ts'
import { makeR4Content, makeTerminology, type StoredTerminology } from './index.ts'

const TENANT = 1 as TenantId

const r4 = makeR4Content()

/** What the tenant has stored, and whatever is asked of it. */
export function terminologyOf(resources: readonly JsonObject[] = [], limits: Partial<Limits> = {}) {
  const kept = new Map(resources.map((each, index) => [String(index), each]))
  let revision = 1
  const named = (type: string, element: string, url: string) =>
    [...kept]
      .filter(([, each]) => each['resourceType'] === type && each[element] === url)
      .map(([id, each]) => ({
        id,
        url: each['url'] as string,
        version: each['version'] as string | undefined,
        status: each['status'] as string | undefined,
        lastUpdated: id.padStart(4, '0'),
        change: id,
      }))
  const stored: StoredTerminology = {
    revision: async () => (kept.size === 0 ? undefined : String(revision)),
    editions: async (_tenant, type, url) => named(type, 'url', url),
    systemsOfValueSet: async (_tenant, url) => named('CodeSystem', 'valueSet', url),
    read: async (_tenant, _type, id) => kept.get(id),
  }
  const terminology = makeTerminology({ r4, stored, limits: { ...DEFAULT_LIMITS, ...limits } })
  const codesOf = (codings: readonly { code: string }[]) => codings.map(({ code }) => code)
  return {
    expand: (valueSet: string) => terminology.expand(TENANT, valueSet),
    codes: async (valueSet: string) => codesOf(await terminology.expand(TENANT, valueSet)),
    below: async (system: string, code: string) => codesOf(await terminology.below(TENANT, system, code)),
    above: async (system: string, code: string) => codesOf(await terminology.above(TENANT, system, code)),
    contains: async (valueSet: string, system: string | undefined, code: string) =>
      (await terminology.membership(TENANT, valueSet)).contains(system, code),
    store(resource: JsonObject) {
      kept.set(String(kept.size), resource)
      revision++
    },
  }
}

/** A CodeSystem of animals, unless said otherwise. */
export const ANIMALS = 'http://example.org/animals'

export const animals: JsonObject = {
  resourceType: 'CodeSystem',
  url: ANIMALS,
  status: 'active',
  content: 'complete',
  valueSet: 'http://example.org/ValueSet/all-animals',
  property: [
    { code: 'legs', type: 'integer' },
    { code: 'food', type: 'string' },
    { code: 'above', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' },
  ],
  concept: [
    {
      code: 'animal',
      display: 'Animal',
      concept: [
        {
          code: 'mammal',
          display: 'Mammal',
          concept: [
            { code: 'dog', display: 'Dog', property: [legs(4), { code: 'food', valueString: 'meat' }] },
            { code: 'bat', display: 'Bat', property: [legs(2), { code: 'above', valueCode: 'flyer' }] },
          ],
        },
        { code: 'flyer', display: 'What flies', concept: [{ code: 'bird', property: [legs(2)] }] },
        { code: 'dodo', property: [legs(2), { code: 'status', valueCode: 'retired' }] },
      ],
    },
    { code: 'stone', display: 'Stone' },
  ],
}

function legs(valueInteger: number): JsonObject {
  return { code: 'legs', valueInteger }
}

/** A ValueSet with one include, unless there are more. */
export function valueSet(name: string, ...include: JsonObject[]): JsonObject {
  return {
    resourceType: 'ValueSet',
    url: `http://example.org/ValueSet/${name}`,
    status: 'active',
    compose: { include },
  }
}

export function named(name: string): string {
  return `http://example.org/ValueSet/${name}`
}
