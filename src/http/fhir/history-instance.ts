/** FHIR history interaction on an instance, newest first. https://hl7.org/fhir/R4/http.html#history */
import { Failure } from '../../kernel/failure.ts'
import type { Stored } from '../../store/index.ts'
import { bundleText, type Link } from './bundle-text.ts'
import { etagOf } from './etag.ts'
import type { FhirRequest, Interaction } from './interaction.ts'
import { countParameter, refuseParameters, resourceParameters } from './query.ts'

const DEFAULT_COUNT = 50

export const historyInstance: Interaction = {
  code: 'history-instance',
  summary: 'All versions of a resource, newest first',
  answers: [200],
  routes: [{ method: 'GET', path: '/{type}/{id}/_history' }],
  scope: 'r',
  action: 'R',
  async run(service, request) {
    refuseParameters(request.query, ['_count', '_cursor'])
    const { type, id, caller } = request
    const { tenant } = caller
    const parameters = resourceParameters(request.query)
    const sealed = parameters.get('_cursor')
    const scope = `${tenant} ${type}/${id}/_history`
    const before = sealed === null ? undefined : Number(service.cursors.open(sealed, scope))
    const count = countParameter(parameters) ?? DEFAULT_COUNT
    const page = await service.repository.history(tenant, type, id, { count, ...(before && { before }) })
    if (page.entries.length === 0) throw new Failure('not-found', 'resource-not-found', { type, id })

    const links: Link[] = [{ relation: 'self', url: linkTo(request, parameters) }]
    if (page.next !== undefined) {
      parameters.set('_cursor', service.cursors.seal(String(page.next), scope))
      links.push({ relation: 'next', url: linkTo(request, parameters) })
    }
    return {
      status: 200,
      body: bundleText(
        'history',
        undefined,
        links,
        page.entries.map((entry) => historyEntry(entry, caller.base)),
      ),
      seen: {
        entities: page.entries.map(({ version }) => ({ type, id, version })),
        patients: [...new Set(page.entries.flatMap((entry) => entry.patients))],
      },
    }
  },
}

function linkTo({ caller, type, id }: FhirRequest, parameters: URLSearchParams): string {
  const query = parameters.toString()
  return `${caller.base}/${type}/${id}/_history${query === '' ? '' : `?${query}`}`
}

/** `request` is mandatory in a history (bdl-3), so it is told from what the version is. */
function historyEntry(stored: Stored, base: string): string {
  const { type, id, version, lastUpdated, deleted, body } = stored
  const method = deleted ? 'DELETE' : version === 1 ? 'POST' : 'PUT'
  const status = deleted ? '204' : version === 1 ? '201' : '200'
  return (
    `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)}` +
    (deleted ? '' : `,"resource":${body}`) +
    `,"request":{"method":"${method}","url":"${version === 1 ? type : `${type}/${id}`}"}` +
    `,"response":{"status":"${status}","etag":${JSON.stringify(etagOf(version))},"lastModified":"${lastUpdated}"}}`
  )
}
