import type { Transform } from '../channels/index.ts'
import type { FhirParts } from './fhir-part.ts'

export async function makeHl7Transform(_configDir: string, _fhir: FhirParts): Promise<Transform> {
  return () => ({ did: 'filtered', changes: [], warnings: 0 })
}
