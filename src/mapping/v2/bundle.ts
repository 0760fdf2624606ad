/** What a message would write, as a FHIR transaction: each resource a PUT under its own id. https://hl7.org/fhir/R4/http.html#transaction */
import type { JsonObject } from '../../kernel/json.ts'
import type { MappedResource } from './run/assemble.ts'

/** Write it with JSON.stringify: its numbers keep their digits. */
export function toTransactionBundle(resources: readonly MappedResource[]): JsonObject {
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map(({ type, id, exact }) => ({
      resource: exact,
      request: { method: 'PUT', url: `${type}/${id}` },
    })),
  }
}
