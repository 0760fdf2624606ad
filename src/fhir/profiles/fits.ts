/** Whether a value of a type is of the type that a profile says. */
import type { Definitions } from '../definitions/index.ts'

/** Only an abstract type means others too: a canonical is no uri, though R4 derives it from uri. */
export function fitsType(definitions: Definitions, type: string, wanted: string): boolean {
  if (type === wanted) return true
  return definitions.type(wanted)?.abstract === true && definitions.isA(type, wanted)
}
