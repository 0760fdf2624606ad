/** `Prefer: respond-async`: the request is kept and answered later. https://hl7.org/fhir/R4/async.html */
import { asFailure, Failure } from '../../../kernel/failure.ts'
import { uuidv7 } from '../../../kernel/ids.ts'
import {
  type Answer,
  type FhirRequest,
  type FhirService,
  type Interaction,
  NOTHING_SEEN,
} from '../interaction.ts'
import { keep } from './request.ts'

/** Requests of a tenant that wait or are being worked on. */
const MAX_UNFINISHED = 100

interface KickOff {
  readonly method: string
  /** Below the FHIR base. */
  readonly path: string
  readonly contentType: string | undefined
  /** The form of a search is part of its query. */
  readonly hasForm: boolean
}

/** @throws Failure of what can be refused at once; `unavailable`/`async-too-many` */
export async function kickOff(
  service: FhirService,
  interaction: Interaction,
  request: FhirRequest,
  { method, path, contentType, hasForm }: KickOff,
): Promise<Answer> {
  const { caller } = request
  try {
    service.admit(interaction, request)
    const takesBody = request.hasBody && !hasForm
    if (takesBody) service.formats.ofBody(contentType)
    const body = takesBody ? (await request.body()).text : ''
    const id = uuidv7()
    const asked = {
      id,
      client: caller.access!.clientId,
      request: keep({ ...request, hasBody: takesBody }, { method, path, contentType }),
      body,
    }
    if (!(await service.asyncRequests.add(caller.tenant, asked, MAX_UNFINISHED)))
      throw new Failure('unavailable', 'async-too-many', { max: MAX_UNFINISHED })
    await service.announce(caller.tenant, id)
    return {
      status: 202,
      headers: { 'Content-Location': `${caller.base}/_async/${id}`, 'Preference-Applied': 'respond-async' },
      seen: NOTHING_SEEN,
    }
  } catch (thrown) {
    await service.refuse(interaction, request, asFailure(thrown))
    throw thrown
  }
}
