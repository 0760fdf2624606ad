/**
 * What became of a request that is answered later: 202 while it waits or is worked on, then the answer that it would
 * have had. Only the client that asked is told. https://hl7.org/fhir/R4/async.html
 */
import { Failure } from '../../../kernel/failure.ts'
import { type Answer, type FhirRequest, type Interaction, NOTHING_SEEN } from '../interaction.ts'
import { answerFrom } from './answer.ts'

const RETRY_AFTER_SECONDS = '1'

export const asyncStatus: Interaction = {
  code: 'async-status',
  summary: 'The answer to a request with Prefer: respond-async, or how far it is',
  answers: [200, 202],
  routes: [{ method: 'GET', path: '/_async/{id}' }],
  action: 'R',
  async run(service, request) {
    const { id, caller } = request
    const state = isUuid(id)
      ? await service.asyncRequests.find(caller.tenant, id, clientOf(request))
      : undefined
    if (state === undefined) throw unknown()
    const { finished, waiting, progress } = state
    if (finished === undefined) return unfinished(waiting ? 'waiting' : (progress ?? 'running'))
    const answer = answerFrom(finished)
    return { ...answer, headers: { ...answer.headers, Expires: finished.expiresAt.toUTCString() } }
  },
}

export const asyncCancel: Interaction = {
  code: 'async-cancel',
  summary: 'Cancel a request with Prefer: respond-async, or forget its answer',
  answers: [202],
  routes: [{ method: 'DELETE', path: '/_async/{id}' }],
  action: 'E',
  async run(service, request) {
    const { id, caller } = request
    const removed = isUuid(id) && (await service.asyncRequests.remove(caller.tenant, id, clientOf(request)))
    if (!removed) throw unknown()
    return { status: 202, seen: NOTHING_SEEN }
  },
}

function unfinished(progress: string): Answer {
  return {
    status: 202,
    headers: { 'X-Progress': progress, 'Retry-After': RETRY_AFTER_SECONDS },
    seen: NOTHING_SEEN,
  }
}

function clientOf({ caller }: FhirRequest): string {
  return caller.access!.clientId
}

function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
}

function unknown(): Failure {
  return new Failure('not-found', 'async-unknown')
}
