/** Reference elements: form, target type, contained targets. https://hl7.org/fhir/R4/references.html */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import type { ValidationContext } from './context.ts'

/** Type/id at the end of a relative or absolute reference, with an optional version. https://hl7.org/fhir/R4/references.html#literal */
const RESTFUL = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/
/** A search that a transaction resolves. https://hl7.org/fhir/R4/http.html#trules */
const CONDITIONAL = /^([A-Z][A-Za-z]+)\?/
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:/

export type ReferenceCheck = (value: JsonObject, context: ValidationContext) => void

export function makeReferenceCheck(
  definitions: Definitions,
  targets: readonly string[] | undefined,
): ReferenceCheck {
  const allowed = targets && new Set(targets)
  const expected = targets ? `a reference to ${targets.join(' or ')}` : 'a reference'

  function checkType(type: string, context: ValidationContext, child: string): void {
    if (allowed && definitions.isResourceType(type) && !allowed.has(type)) {
      context.error('value', `Must be ${expected}`, child)
    }
  }

  return (value, context) => {
    const { reference, type } = value
    if (typeof type === 'string') checkType(type, context, 'type')
    if (typeof reference !== 'string') return
    if (reference.startsWith('#')) {
      const target = containedTarget(reference.slice(1), context)
      if (!target)
        context.error('invariant', 'ref-1: a local reference needs its contained resource', 'reference')
      else if (typeof target.resourceType === 'string') checkType(target.resourceType, context, 'reference')
      return
    }
    const found = (RESTFUL.exec(reference) ?? CONDITIONAL.exec(reference))?.[1]
    const absolute = ABSOLUTE.test(reference)
    if (found && definitions.isResourceType(found)) {
      checkType(found, context, 'reference')
      // "The type … SHALL be consistent with the reference."
      if (typeof type === 'string' && definitions.isResourceType(type) && type !== found)
        context.error('value', 'Must be the type that the reference says', 'type')
    } else if (!absolute)
      context.error('value', 'A relative reference must be Type/id, with a type of R4', 'reference')
  }
}

/** The type of what a Reference points to, as far as it says or contains it. */
export function referencedType(reference: Json | undefined, context: ValidationContext): string | undefined {
  const literal = isObject(reference) ? reference.reference : undefined
  if (typeof literal !== 'string') return undefined
  if (!literal.startsWith('#')) return RESTFUL.exec(literal)?.[1]
  const type = containedTarget(literal.slice(1), context)?.resourceType
  return typeof type === 'string' ? type : undefined
}

function containedTarget(id: string, { rootResource }: ValidationContext): JsonObject | undefined {
  if (id === '') return rootResource
  const { contained } = rootResource
  if (!Array.isArray(contained)) return undefined
  return contained.filter(isObject).find((each) => each.id === id)
}
