/** Where references lead as far as a run can see: contained resources and the entries of the same Bundle. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type Instance, resourceInstance } from './instance.ts'
import type { ProfileRun } from './run.ts'

const RESTFUL = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** The resource that a Reference or a canonical points to; undefined: it is elsewhere. */
export function resolveReference({ value }: Instance, run: ProfileRun): Instance | undefined {
  const reference = isObject(value) ? value.reference : value
  if (typeof reference !== 'string') return undefined
  const isLocal = reference.startsWith('#')
  const target = isLocal ? contained(reference.slice(1), run) : inBundle(reference, run)
  return target && resourceInstance(target, [], isLocal && reference !== '#' ? 'contained' : 'entry')
}

/** The type of the resource that a Reference points to, by what is there, else by what the reference says. */
export function targetTypeOf(reference: Instance, run: ProfileRun): string | undefined {
  const target = resolveReference(reference, run)
  if (target) return target.type
  const { value } = reference
  if (!isObject(value)) return undefined
  const named = typeof value.reference === 'string' ? RESTFUL.exec(value.reference)?.[1] : undefined
  const type = named ?? value.type
  return typeof type === 'string' && run.world.definitions.isResourceType(type) ? type : undefined
}

function contained(id: string, { rootResource }: ProfileRun): JsonObject | undefined {
  if (id === '') return rootResource
  return objectsOf(rootResource['contained']).find((each) => each.id === id)
}

/** https://hl7.org/fhir/R4/bundle.html#references: by the fullUrl, a relative reference by its end. */
function inBundle(reference: string, { bundle }: ProfileRun): JsonObject | undefined {
  if (!bundle) return undefined
  const isAbsolute = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference)
  const entry = objectsOf(bundle['entry']).find(({ fullUrl, resource }) => {
    if (fullUrl === reference) return true
    if (isAbsolute || !isObject(resource)) return false
    return reference === `${String(resource.resourceType)}/${String(resource.id)}`
  })
  return entry && isObject(entry.resource) ? entry.resource : undefined
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
