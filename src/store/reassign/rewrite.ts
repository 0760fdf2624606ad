/**
 * A resource with its references to one record turned to another, wherever they stand: elements, extensions, contained
 * resources. A reference to a version means that version and stays. https://hl7.org/fhir/R4/references.html#literal
 */
import { meaningOf, type ReferenceWalk } from '../../fhir/index.ts'
import { type ExactJson, parseExactObject } from '../../kernel/json.ts'
import type { ToLocal } from '../integrity/index.ts'

export interface Turn {
  readonly type: string
  readonly from: string
  readonly to: string
}

/** undefined: it does not refer to the record. */
export function withReferencesTurned(
  walk: ReferenceWalk,
  toLocal: ToLocal,
  resource: ExactJson,
  { type, from, to }: Turn,
): ExactJson | undefined {
  const spelled = new Set<string>()
  walk(resource.value, (reference) => {
    const meaning = meaningOf(reference, toLocal)
    if (typeof meaning === 'string') return
    if (meaning.type === type && meaning.id === from && meaning.version === undefined) spelled.add(reference)
  })
  if (spelled.size === 0) return undefined
  const turned = JSON.stringify(resource.exact, (key, value: unknown) =>
    key === 'reference' && typeof value === 'string' && spelled.has(value) ? `${type}/${to}` : value,
  )
  return parseExactObject(turned)
}
