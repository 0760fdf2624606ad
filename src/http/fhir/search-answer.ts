/** A search as a searchset Bundle: matches, what they include, links to go on. https://hl7.org/fhir/R4/http.html#search */
import { outcomeOfIssues } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { SearchOptions, SearchPage, Stored } from '../../store/index.ts'
import { bundleText, type Link } from './bundle-text.ts'
import type { Answer, FhirRequest, FhirService } from './interaction.ts'
import { linkParameters, searchParameters } from './query.ts'

/** What a page was made from: where it begins, and what of the parameters was not understood. */
export interface PageRequest extends SearchOptions {
  readonly parameters: URLSearchParams
  /** As the store gave it. */
  readonly cursor: string | undefined
}

export interface PageAnswer extends SearchPage {
  /** Names of parameters that were ignored: they are not in the links. */
  readonly ignored: readonly string[]
}

/** @param path of the search below the base: `/Patient`, `/Patient/1/Observation`, or nothing for the whole system */
export async function answerSearch(
  service: FhirService,
  { query, caller }: FhirRequest,
  path: string,
  find: (request: PageRequest) => Promise<PageAnswer>,
): Promise<Answer> {
  const { sealed, ...asked } = pageRequest(service, { query, caller }, path)
  const { parameters, cursor } = asked
  const page = await find(asked)

  for (const name of page.ignored) parameters.delete(name)
  const link = (relation: Link['relation'], text?: string): Link => {
    const all = linkParameters(query, text)
    for (const name of page.ignored) all.delete(name)
    const shown = all.toString()
    return { relation, url: `${caller.base}${path}${shown === '' ? '' : `?${shown}`}` }
  }
  const seal = (text: string) => service.cursors.seal(text, cursorScope(caller.tenant, path, parameters))
  const links = [link('self', sealed)]
  if (page.next !== undefined) links.push(link('next', seal(page.next)))
  if (page.moreIncludes !== undefined) links.push(link('related', seal(goOn(page.moreIncludes, cursor))))

  const { entries, scores, included = [] } = page
  const texts = [
    ...entries.map((entry, i) => searchEntry(entry, caller.base, 'match', scores?.[i])),
    ...included.map((entry) => searchEntry(entry, caller.base, 'include')),
  ]
  if (page.moreIncludes !== undefined) texts.push(cutEntry(caller.language))
  return {
    status: 200,
    body: bundleText('searchset', page.total, links, texts),
    seen: seenOn([...entries, ...included]),
  }
}

/** What the query asks for, its cursor opened. `sealed`: the cursor as it came. */
export function pageRequest(
  service: FhirService,
  { query, caller }: Pick<FhirRequest, 'query' | 'caller'>,
  path: string,
): PageRequest & { readonly sealed: string | undefined } {
  const parameters = searchParameters(query)
  const [sealed, ...others] = parameters.getAll('_cursor')
  if (others.length > 0) throw cursorRepeated()
  parameters.delete('_cursor')
  const scope = cursorScope(caller.tenant, path, parameters)
  return { parameters, sealed, ...readCursor(sealed && service.cursors.open(sealed, scope)) }
}

function cursorRepeated(): Failure {
  return new Failure(
    'invalid',
    'search-parameter-repeated',
    { parameter: '_cursor' },
    { expression: ['_cursor'] },
  )
}

function seenOn(resources: readonly Stored[]) {
  return {
    entities: resources.map(({ type, id, version }) => ({ type, id, version })),
    patients: [...new Set(resources.flatMap(({ patients }) => patients))],
  }
}

/** A cursor is good for the same tenant, search and order; how many a page has may change on the way. */
function cursorScope(tenant: number, path: string, parameters: URLSearchParams): string {
  const binding = new URLSearchParams(parameters)
  binding.delete('_count')
  binding.delete('_total')
  return `${tenant} ${path.slice(1)}?${binding.toString()}`
}

/** The includes of a page go on after so many of them; the page itself is the same. */
function goOn(includesFrom: number, cursor = ''): string {
  return `+${includesFrom}+${cursor}`
}

function readCursor(text: string | undefined): Pick<PageRequest, 'cursor' | 'includesFrom'> {
  const [, from, cursor] = /^\+(\d+)\+(.*)$/s.exec(text ?? '') ?? []
  if (from === undefined) return { cursor: text }
  return { cursor: cursor === '' ? undefined : cursor, includesFrom: Number(from) }
}

function searchEntry(
  { type, id, body }: Stored,
  base: string,
  mode: 'match' | 'include',
  score?: number,
): string {
  const search = `{"mode":"${mode}"${score === undefined ? '' : `,"score":${score}`}}`
  return `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)},"resource":${body},"search":${search}}`
}

/** Too many includes are cut with a warning, never silently; the link `related` goes on. */
function cutEntry(language: FhirRequest['caller']['language']): string {
  const outcome = outcomeOfIssues(
    [
      {
        severity: 'warning',
        type: 'incomplete',
        diagnostics: 'More resources are included: follow the link "related".',
      },
    ],
    language,
  )
  return `{"resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`
}
