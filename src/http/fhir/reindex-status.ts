/** How far a $reindex is, and what became of it; or its end. https://hl7.org/fhir/R4/async.html */
import { parametersResource, valueParameter } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { toInstant } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Reindex } from '../../store/index.ts'
import { type FhirRequest, type FhirService, type Interaction, NOTHING_SEEN } from './interaction.ts'

const RETRY_AFTER_SECONDS = '1'

export const reindexStatus: Interaction = {
  code: 'async-status',
  summary: 'How far a $reindex is: 202 as long as it is on, then 200',
  answers: [200, 202],
  routes: [{ method: 'GET', path: '/_reindex/{id}' }],
  role: 'admin',
  action: 'R',
  async run(service, request) {
    const found = await findReindex(service, request)
    const body = JSON.stringify(parametersResource(describe(found)))
    if (found.endedAt !== null) return { status: 200, body, seen: NOTHING_SEEN }
    const headers = { 'X-Progress': progressOf(found), 'Retry-After': RETRY_AFTER_SECONDS }
    return { status: 202, headers, body, seen: NOTHING_SEEN }
  },
}

export const reindexCancel: Interaction = {
  code: 'async-cancel',
  summary: 'End a $reindex that is on',
  answers: [202],
  routes: [{ method: 'DELETE', path: '/_reindex/{id}' }],
  role: 'admin',
  action: 'E',
  async run(service, request) {
    const { id } = await findReindex(service, request)
    if (!(await service.reindexes.cancel(request.caller.tenant, id)))
      throw new Failure('conflict', 'reindex-ended')
    return { status: 202, seen: NOTHING_SEEN }
  },
}

async function findReindex({ reindexes }: FhirService, { id, caller }: FhirRequest): Promise<Reindex> {
  const found = UUID.test(id) ? await reindexes.find(caller.tenant, id) : undefined
  if (found === undefined) throw new Failure('not-found', 'reindex-unknown')
  return found
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function progressOf({ status, seen, total }: Reindex): string {
  // What was added since it began is looked at too.
  return status === 'waiting' ? status : `${seen} of ${Math.max(seen, total)} resources`
}

function describe(reindex: Reindex): JsonObject[] {
  const { status, types, total, seen, changed, failed, failures } = reindex
  const instant = (name: string, at: Date | null) =>
    at === null ? [] : [valueParameter(name, 'instant', toInstant(at.getTime()))]
  return [
    valueParameter('status', 'code', status),
    ...types.map((type) => valueParameter('type', 'code', type)),
    valueParameter('total', 'decimal', Math.max(seen, total)),
    valueParameter('seen', 'decimal', seen),
    valueParameter('changed', 'decimal', changed),
    valueParameter('failed', 'decimal', failed),
    ...failures.map((name) => valueParameter('failure', 'Reference', { reference: name })),
    ...instant('requested', reindex.requestedAt),
    ...instant('started', reindex.startedAt),
    ...instant('ended', reindex.endedAt),
  ]
}
