/** FHIR conditional patch. https://hl7.org/fhir/R4/http.html#patch */
import { Failure } from '../../kernel/failure.ts'
import { writeRow } from './audit-row.ts'
import { guardOf } from './conditional-update.ts'
import { criteriaOf, type Found, findOne } from './criteria.ts'
import type { Interaction } from './interaction.ts'
import { nextPatched } from './patch.ts'
import { patchFormats, readPatch } from './patch-formats.ts'
import { raceName, retryRaced } from './races.ts'
import { writtenAnswer } from './written.ts'

export const conditionalPatch: Interaction = {
  code: 'patch',
  conditional: true,
  summary: 'Change parts of the one resource that the criteria match',
  headers: ['If-Match', 'Prefer'],
  accepts: patchFormats.flatMap(({ mediaTypes }) => mediaTypes),
  answers: [200],
  routes: [{ method: 'PATCH', path: '/{type}' }],
  scope: 'u',
  action: 'U',
  async run(service, request) {
    const { type, caller } = request
    const criteria = criteriaOf(service, caller, type, request.query)
    const change = readPatch(service, await request.body())
    return retryRaced(service, [raceName(request)], async () => {
      const match = requireMatch(await findOne(service, caller, criteria))
      const [outcome] = await service.repository.commit(
        caller.tenant,
        [{ type, id: match.id, method: 'PATCH', make: nextPatched(request, change) }],
        {
          audit: ([patched]) => [writeRow(service, conditionalPatch, request, patched!, 200)],
          guards: [guardOf(criteria, match)],
        },
      )
      return { ...writtenAnswer(request, outcome!, 200), audited: true }
    })
  },
}

/** "No matches: The server returns a 404 Not Found" @throws Failure `not-found`/`criteria-matched-none` */
export function requireMatch(match: Found | undefined): Found {
  if (match === undefined) throw new Failure('not-found', 'criteria-matched-none')
  return match
}
