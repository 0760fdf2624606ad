/** FHIR vread interaction. https://hl7.org/fhir/R4/http.html#vread */
import { Failure } from '../../kernel/failure.ts'
import type { Stored } from '../../store/index.ts'
import { nativeAnswer } from './binary/index.ts'
import type { FhirRequest, FhirService, Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'
import { answerWith } from './read.ts'

export const vread: Interaction = {
  code: 'vread',
  summary: 'One version of a resource',
  headers: ['If-None-Match', 'If-Modified-Since', 'Range', 'If-Range'],
  answers: [200, 206, 304],
  routes: [{ method: 'GET', path: '/{type}/{id}/_history/{version}' }],
  scope: 'r',
  action: 'R',
  async run(service, request) {
    refuseParameters(request.query)
    const stored = await thatVersion(service, request)
    return (await nativeAnswer(service, request, stored)) ?? answerWith(stored, request)
  },
}

/** @throws Failure `not-found`/`version-not-found`, `gone`/`resource-deleted` */
export async function thatVersion(
  service: FhirService,
  { type, id, version, caller }: FhirRequest,
): Promise<Stored> {
  const found = /^[1-9]\d{0,8}$/.test(version)
    ? await service.repository.readVersion(caller.tenant, type, id, Number(version))
    : undefined
  if (found === undefined) throw new Failure('not-found', 'version-not-found', { type, id })
  if (found.deleted) throw new Failure('gone', 'resource-deleted', { type, id, version: found.version })
  return found
}
