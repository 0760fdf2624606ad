/** https://hl7.org/fhir/R4/search.html#reference */
import { referenceTarget } from '../references.ts'
import { isFields, withAndWithoutVersion, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitReference({ param, type, resolvesTo }: EmitSpec): Emit | undefined {
  if (type === 'canonical' || type === 'uri' || type === 'url') {
    return (value, into) => {
      for (const target of withAndWithoutVersion(String(value))) into.references.push({ param, target })
    }
  }
  // The resource itself stands where a reference is expected: the first entry of a document or message Bundle.
  if (type === 'Resource') {
    return (value, into) => {
      const { resourceType, id } = value as Fields
      if (typeof id === 'string') into.references.push({ param, target: `${String(resourceType)}/${id}` })
    }
  }
  if (type !== 'Reference') return undefined
  return (value, into, { toLocal }) => {
    const { reference, type: named, identifier } = value as Fields
    if (isFields(identifier) && typeof identifier['value'] === 'string') {
      const { system, value: code } = identifier
      if (resolvesTo === undefined || named === undefined || named === resolvesTo) {
        into.tokens.push({
          param: `${param}:identifier`,
          system: typeof system === 'string' ? system : undefined,
          code: code as string,
        })
      }
    }
    if (typeof reference !== 'string') return
    const found = referenceTarget(reference, toLocal)
    if (!found || (resolvesTo !== undefined && (found.type ?? named) !== resolvesTo)) return
    into.references.push({ param, target: found.target })
  }
}
