/** Reference elements: form, target type, contained targets. https://hl7.org/fhir/R4/references.html */
import { isObject, type JsonObject } from '../../kernel/json.ts'
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
    if (found && definitions.isResourceType(found)) checkType(found, context, 'reference')
    else if (!absolute)
      context.error('value', 'A relative reference must be Type/id, with a type of R4', 'reference')
  }
}

function containedTarget(id: string, { rootResource }: ValidationContext): JsonObject | undefined {
  if (id === '') return rootResource
  const { contained } = rootResource
  if (!Array.isArray(contained)) return undefined
  return contained.filter(isObject).find((each) => each.id === id)
}
