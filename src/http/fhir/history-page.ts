/** What the histories of an instance, of a type and of the system share. https://hl7.org/fhir/R4/http.html#history */
import { type Interval, toInterval } from '../../kernel/dates.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Version, VersionRange } from '../../store/index.ts'
import { bundleText, type Link } from './bundle-text.ts'
import { etagOf } from './etag.ts'
import type { Answer, FhirRequest, FhirService } from './interaction.ts'
import { countParameter, linkParameters, refuseParameters, resourceParameters, wantsCount } from './query.ts'

const DEFAULT_COUNT = 50

export interface HistoryQuery {
  readonly range: VersionRange
  readonly count: number
  /** Opened: what the page before said is next. */
  readonly cursor: string | undefined
  /** No versions, only how many there are. */
  readonly isCount: boolean
  /** How many there are in all is asked for. */
  readonly wantsTotal: boolean
  /** What a cursor of this history is good for. */
  readonly scope: string
}

/** For the documentation. */
export const HISTORY_PARAMETERS = ['_count', '_since', '_at', '_total'] as const

/**
 * @param path below the base: `Patient/1/_history`
 * @throws Failure `invalid`/`parameter-unknown`, `invalid`/`count-invalid`, `invalid`/`history-date`, `invalid`/`cursor-invalid`, `invalid`/`search-total`
 */
export function historyQuery(
  service: FhirService,
  { query, caller }: FhirRequest,
  path: string,
): HistoryQuery {
  refuseParameters(query, [...HISTORY_PARAMETERS, '_cursor'])
  const parameters = resourceParameters(query)
  const sealed = parameters.get('_cursor')
  const since = moments(service, caller.tenant, parameters, '_since')
  const at = moments(service, caller.tenant, parameters, '_at')
  // As many on a page as the client wants; all else is part of what is listed.
  const scope = `${caller.tenant} ${path} ${parameters.get('_since') ?? ''} ${parameters.get('_at') ?? ''}`
  return {
    range: {
      sinceMs: since?.from ?? -Infinity,
      currentFromMs: at?.from ?? -Infinity,
      currentToMs: at?.to ?? Infinity,
    },
    count: countParameter(parameters) ?? DEFAULT_COUNT,
    cursor: sealed === null ? undefined : service.cursors.open(sealed, scope),
    isCount: wantsCount(query),
    wantsTotal: wantsTotal(parameters),
    scope,
  }
}

function moments(
  { zoneOf }: FhirService,
  tenant: FhirRequest['caller']['tenant'],
  parameters: URLSearchParams,
  name: '_since' | '_at',
): Interval | undefined {
  const [text, ...others] = parameters.getAll(name)
  if (text === undefined) return undefined
  // A + that was not percent-encoded arrives as a space.
  const interval = toInterval(text.replace(/ (?=\d\d:\d\d$)/, '+'), zoneOf(tenant))
  if (interval === undefined || others.length > 0) {
    throw new Failure('invalid', 'history-date', { parameter: name }, { expression: [name] })
  }
  return interval
}

interface HistoryPage {
  readonly entries: readonly Version[]
  readonly total?: number | undefined
  /** Where the next page begins. */
  readonly next?: string | undefined
}

/** As of a search. https://hl7.org/fhir/R4/search.html#total */
function wantsTotal(parameters: URLSearchParams): boolean {
  const [total = 'none', ...others] = parameters.getAll('_total')
  if (others.length > 0 || !['none', 'estimate', 'accurate'].includes(total))
    throw new Failure('invalid', 'search-total', {}, { expression: ['_total'] })
  return total !== 'none'
}

/** The answer with this page. `path` as in historyQuery. */
export function historyAnswer(
  service: FhirService,
  { caller, query }: FhirRequest,
  path: string,
  { scope }: HistoryQuery,
  { entries, total, next }: HistoryPage,
): Answer {
  const linkTo = (cursor: string | undefined): string => {
    const text = linkParameters(query, cursor).toString()
    return `${caller.base}/${path}${text === '' ? '' : `?${text}`}`
  }
  const self = resourceParameters(query).get('_cursor') ?? undefined
  const links: Link[] = [{ relation: 'self', url: linkTo(self) }]
  if (next !== undefined) links.push({ relation: 'next', url: linkTo(service.cursors.seal(next, scope)) })
  return {
    status: 200,
    body: bundleText(
      'history',
      total,
      links,
      entries.map((entry) => historyEntry(entry, caller.base)),
    ),
    seen: {
      entities: entries.map(({ type, id, version }) => ({ type, id, version })),
      patients: [...new Set(entries.flatMap(({ patients }) => patients))],
    },
  }
}

/** What made the version, and how it was answered. */
function historyEntry(
  { type, id, version, lastUpdated, deleted, body, method }: Version,
  base: string,
): string {
  const url = method === 'POST' ? type : `${type}/${id}`
  return (
    `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)}` +
    (deleted ? '' : `,"resource":${body}`) +
    `,"request":{"method":"${method}","url":"${url}"}` +
    `,"response":{"status":"${statusOf(method, version)}","etag":${JSON.stringify(etagOf(version))},"lastModified":"${lastUpdated}"}}`
  )
}

function statusOf(method: Version['method'], version: number): string {
  if (method === 'DELETE') return '204'
  return method === 'POST' || version === 1 ? '201' : '200'
}
