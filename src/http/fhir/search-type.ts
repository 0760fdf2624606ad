/** FHIR search interaction on a type, by GET and by POST. https://hl7.org/fhir/R4/http.html#search */
import { bundleText, type Link } from './bundle-text.ts'
import type { FhirRequest, Interaction } from './interaction.ts'
import { linkParameters, searchParameters } from './query.ts'
import type { Stored } from '../../store/index.ts'

export const searchType: Interaction = {
  code: 'search-type',
  summary: 'Search resources of a type',
  answers: [200],
  routes: [
    { method: 'GET', path: '/{type}' },
    { method: 'POST', path: '/{type}/_search' },
  ],
  scope: 's',
  action: 'E',
  async run(service, request) {
    const { type, caller } = request
    const { tenant } = caller
    const parameters = searchParameters(request.query)
    const sealed = parameters.get('_cursor')
    parameters.delete('_cursor')
    const scope = cursorScope(tenant, type, parameters)
    const cursor = sealed === null ? undefined : service.cursors.open(sealed, scope)
    const page = await service.resources(type).search(tenant, type, parameters, cursor)

    const links: Link[] = [{ relation: 'self', url: linkTo(request, sealed ?? undefined) }]
    if (page.next !== undefined) {
      links.push({
        relation: 'next',
        url: linkTo(request, service.cursors.seal(page.next, scope)),
      })
    }
    return {
      status: 200,
      body: bundleText(
        'searchset',
        page.total,
        links,
        page.entries.map((entry) => searchEntry(entry, caller.base)),
      ),
      seen: {
        entities: page.entries.map(({ id, version }) => ({ type, id, version })),
        patients: [...new Set(page.entries.flatMap((entry) => entry.patients))],
      },
    }
  },
}

/** A cursor is good for the same tenant, type, criteria and order; how many a page has may change on the way. */
function cursorScope(tenant: number, type: string, parameters: URLSearchParams): string {
  const binding = new URLSearchParams(parameters)
  binding.delete('_count')
  binding.delete('_total')
  return `${tenant} ${type}?${binding.toString()}`
}

function linkTo({ caller, type, query }: FhirRequest, cursor: string | undefined): string {
  const parameters = linkParameters(query, cursor).toString()
  return `${caller.base}/${type}${parameters === '' ? '' : `?${parameters}`}`
}

function searchEntry({ type, id, body }: Stored, base: string): string {
  return `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)},"resource":${body},"search":{"mode":"match"}}`
}
