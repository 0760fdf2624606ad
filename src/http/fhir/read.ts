/** FHIR read interaction. https://hl7.org/fhir/R4/http.html#read */
import { Failure } from '../../kernel/failure.ts'
import type { Stored } from '../../store/index.ts'
import { nativeAnswer } from './binary/index.ts'
import { isFresh } from './etag.ts'
import type { Answer, FhirRequest, FhirService, Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'

export const read: Interaction = {
  code: 'read',
  summary: 'The current version of a resource',
  headers: ['If-None-Match', 'If-Modified-Since', 'Range', 'If-Range'],
  answers: [200, 206, 304],
  routes: [{ method: 'GET', path: '/{type}/{id}' }],
  scope: 'r',
  action: 'R',
  async run(service, request) {
    refuseParameters(request.query)
    const stored = await currentVersion(service, request)
    return (await nativeAnswer(service, request, stored)) ?? answerWith(stored, request)
  },
}

/** @throws Failure `not-found`/`resource-not-found`, `gone`/`resource-deleted` */
export async function currentVersion(
  service: FhirService,
  { type, id, caller }: FhirRequest,
): Promise<Stored> {
  const stored = await service.resources(type).read(caller.tenant, type, id)
  if (stored === undefined) throw new Failure('not-found', 'resource-not-found', { type, id })
  if (stored.deleted) throw new Failure('gone', 'resource-deleted', { type, id, version: stored.version })
  return stored
}

/** 200 with the stored text, or 304 when the client has it already. */
export function answerWith(stored: Stored, request: FhirRequest): Answer {
  const { type, id, version, lastUpdated, patients } = stored
  const fresh = isFresh(stored, request.conditions)
  return {
    status: fresh ? 304 : 200,
    body: fresh ? undefined : stored.body,
    version,
    lastUpdated,
    seen: { entities: [{ type, id, version }], patients },
  }
}
