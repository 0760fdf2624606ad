/**
 * $reindex: brings the search index of a type, or of all, up to date in the background. For administrators: after a
 * SearchParameter was added or changed, and whenever the index is in doubt. Nothing stops meanwhile.
 * The answer names where its progress is told, as https://hl7.org/fhir/R4/async.html does.
 */
import { parametersResource, valueParameter } from '../../../fhir/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import { uuidv7 } from '../../../kernel/ids.ts'
import { NOTHING_SEEN } from '../interaction.ts'
import type { Operation, OperationCall } from './operation.ts'
import type { FhirService } from '../interaction.ts'

export const reindex: Operation = {
  name: 'reindex',
  definition: 'urn:passerelle:operation:reindex',
  summary: 'Bring the search index up to date, in the background',
  levels: ['system', 'type'],
  affectsState: true,
  parameters: [{ name: 'type', min: 0, max: '*', type: 'code' }],
  role: 'admin',
  answers: [202],
  async run(service, call) {
    const { tenant, base } = call.request.caller
    const { types, isWhole } = typesOf(service, call)
    const { id, did } = await service.reindexes.request(tenant, { id: uuidv7(), types, isWhole })
    const path = `_reindex/${id}`
    if (did === 'busy') throw new Failure('conflict', 'reindex-busy', { path })
    await service.announceReindex(tenant, id)
    const location = `${base}/${path}`
    return {
      status: 202,
      headers: { 'Content-Location': location },
      body: JSON.stringify(parametersResource([valueParameter('status', 'url', location)])),
      seen: NOTHING_SEEN,
    }
  },
}

/** AuditEvents are not in the index: they are a view of the audit trail. */
function typesOf(
  { definitions }: FhirService,
  { request, level, input }: OperationCall,
): { types: readonly string[]; isWhole: boolean } {
  const all = definitions.resourceTypes.filter((type) => type !== 'AuditEvent')
  const named = input.texts('type')
  if (level === 'type' && named.length > 0)
    throw new Failure('invalid', 'parameter-unknown', { parameter: 'type' })
  const wanted = level === 'type' ? [request.type] : named
  const unknown = wanted.find((type) => !all.includes(type))
  if (unknown !== undefined) throw new Failure('invalid', 'reindex-type', {}, { expression: ['type'] })
  if (wanted.length === 0) return { types: all, isWhole: true }
  return { types: [...new Set(wanted)].toSorted(), isWhole: false }
}
