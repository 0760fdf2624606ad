/**
 * $meta-add and $meta-delete: labels of a resource change without the rest being sent. As every change they make a
 * version, unless nothing changes. https://hl7.org/fhir/R4/resource-operation-meta-add.html,
 * https://hl7.org/fhir/R4/resource-operation-meta-delete.html
 */
import { Failure } from '../../../kernel/failure.ts'
import { exactJsonOf, type ExactJson, isObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import { writeRow } from '../audit-row.ts'
import { refuseOtherVersion } from '../etag.ts'
import { currentVersion } from '../read.ts'
import { metaOf } from './meta.ts'
import type { Operation } from './operation.ts'

export const metaAdd = metaChange('meta-add', 'Add profiles, tags and security labels', (own, given) => {
  const known = new Set(own.map(identityOf))
  return [...own, ...given.filter((each) => !known.has(identityOf(each)))]
})

export const metaDelete = metaChange(
  'meta-delete',
  'Remove profiles, tags and security labels',
  (own, given) => {
    const unwanted = new Set(given.map(identityOf))
    return own.filter((each) => !unwanted.has(identityOf(each)))
  },
)

/** A set of labels, and another to be added to it or taken from it. */
type Combine = (own: readonly Json[], given: readonly Json[]) => Json[]

function metaChange(name: string, summary: string, combine: Combine): Operation {
  return {
    name,
    definition: `http://hl7.org/fhir/OperationDefinition/Resource-${name}`,
    summary,
    levels: ['instance'],
    affectsState: true,
    parameters: [{ name: 'meta', min: 1, max: 1, type: 'Meta' }],
    scope: 'u',
    headers: ['If-Match'],
    async run(service, { interaction, request, input }) {
      const { type, id, caller, conditions } = request
      const given = input.one('meta')!.value!.exact as JsonObject
      // Tells "never there" from "deleted"; the change itself sees what is current when it happens.
      await currentVersion(service, request)
      const make = (current: ExactJson | undefined) => {
        if (current === undefined) throw new Failure('not-found', 'resource-not-found', { type, id })
        refuseOtherVersion(type, current, conditions.ifMatch)
        return withLabels(current, given, combine)
      }
      const [outcome] = await service.repository.commit(caller.tenant, [{ type, id, make }], {
        audit: ([written]) => [writeRow(service, interaction, request, written!, 200)],
      })
      return { ...metaOf({ ...outcome!, deleted: false }), audited: true }
    },
  }
}

const LABELS = ['profile', 'security', 'tag'] as const

function withLabels({ exact }: ExactJson, given: JsonObject, combine: Combine): ExactJson {
  const meta = { ...(exact['meta'] as JsonObject) }
  for (const label of LABELS) {
    const combined = combine(listOf(meta[label]), listOf(given[label]))
    // An array must not be empty.
    if (combined.length > 0) meta[label] = combined
    else delete meta[label]
  }
  return exactJsonOf({ ...exact, meta })
}

function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** "The identity of a tag or security label is the system+code"; of a profile it is its URL. */
function identityOf(label: Json): string {
  return isObject(label) ? JSON.stringify([label.system, label.code]) : JSON.stringify(label)
}
