/** From an element's value to index entries, by kind of parameter. https://hl7.org/fhir/R4/search.html#ptypes */
import type { SearchParameterType } from '../../definitions/index.ts'
import { emitDate } from './dates.ts'
import type { Emit, EmitSpec } from './emit.ts'
import { emitNumber, emitQuantity } from './quantities.ts'
import { emitPosition } from './positions.ts'
import { emitReference } from './references.ts'
import { emitString, emitUri } from './strings.ts'
import { emitToken } from './tokens.ts'

/** undefined when values of this FHIR type say nothing to this kind of parameter. */
export function makeEmit(kind: SearchParameterType, spec: EmitSpec): Emit | undefined {
  switch (kind) {
    case 'token':
      return emitToken(spec)
    case 'reference':
      return emitReference(spec)
    case 'string':
      return emitString(spec)
    case 'uri':
      return emitUri(spec)
    case 'date':
      return emitDate(spec)
    case 'number':
      return emitNumber(spec)
    case 'quantity':
      return emitQuantity(spec)
    case 'special':
      return spec.param === 'near' ? emitPosition(spec) : undefined
    case 'composite':
      return undefined
  }
}

/** Whether values of this FHIR type say anything to this kind of parameter. */
export function emits(kind: SearchParameterType, type: string): boolean {
  return makeEmit(kind, { param: '', type, resolvesTo: undefined, codes: undefined }) !== undefined
}

export { hasContent, type Emit, type ExtractContext, type WalkContext } from './emit.ts'
