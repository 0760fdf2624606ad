/** The versions of all resources of some types: the history of a type, and of the system. https://hl7.org/fhir/R4/http.html#history */
import type { VersionPlace } from '../../store/index.ts'
import { historyAnswer, historyQuery } from './history-page.ts'
import type { Answer, FhirRequest, FhirService } from './interaction.ts'

/** @param path below the base: `Patient/_history` */
export async function answerChanges(
  service: FhirService,
  request: FhirRequest,
  path: string,
  types: readonly string[],
): Promise<Answer> {
  const query = historyQuery(service, request, path)
  const { range, count, cursor } = query
  const { tenant } = request.caller
  if (query.isCount) {
    const total = await service.history.countOfTypes(tenant, types, range)
    return historyAnswer(service, request, path, query, { entries: [], total })
  }
  const after = cursor === undefined ? undefined : (JSON.parse(cursor) as VersionPlace)
  const [{ entries, next }, counted] = await Promise.all([
    service.history.ofTypes(tenant, types, { range, count, after }),
    // To count them all costs as much as reading them, so it has to be asked for; when this is all, it is known.
    query.wantsTotal ? service.history.countOfTypes(tenant, types, range) : undefined,
  ])
  const total = counted ?? (after === undefined && next === undefined ? entries.length : undefined)
  return historyAnswer(service, request, path, query, { entries, total, next: next && JSON.stringify(next) })
}
