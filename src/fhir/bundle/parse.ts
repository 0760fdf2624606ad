/** Batch and transaction Bundles, entry by entry. https://hl7.org/fhir/R4/http.html#transaction */
import { Failure } from '../../kernel/failure.ts'
import { isObject, type ExactJson, type Json, type JsonObject } from '../../kernel/json.ts'

const BUNDLE_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type BundleMethod = (typeof BUNDLE_METHODS)[number]

export interface BundleRequest {
  readonly type: 'batch' | 'transaction'
  /** In the order of the Bundle, so `entries[i].index === i`. */
  readonly entries: readonly (BundleEntry | RefusedEntry)[]
}

export interface BundleEntry {
  readonly index: number
  readonly fullUrl: string | undefined
  readonly method: BundleMethod
  /** Below the base, without a leading slash and without the query: `Patient/123`, `Patient`, empty for the base itself. */
  readonly path: string
  /** Without `?`; empty when there is none. */
  readonly query: string
  /** First part of the path; undefined when it is empty. */
  readonly type: string | undefined
  /** Second part of the path. */
  readonly id: string | undefined
  readonly resource: ExactJson | undefined
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifNoneExist: string | undefined
}

/** An entry of a batch that can't be run. The others can. */
export interface RefusedEntry {
  readonly index: number
  readonly failure: Failure
}

export interface BundleLimits {
  /** Absolute FHIR base without a slash at the end: a request url below it is made relative. */
  readonly base: string
  readonly maxEntries: number
}

/**
 * @throws Failure `invalid`/`bundle-…`, `too-large`/`bundle-too-many-entries`; of a transaction also for any of its entries
 */
export function parseBundle(bundle: ExactJson, limits: BundleLimits): BundleRequest {
  const { type, entry } = bundle.value
  if (type !== 'batch' && type !== 'transaction') {
    throw new Failure('invalid', 'bundle-type', {}, { expression: ['Bundle.type'] })
  }
  if (entry !== undefined && !Array.isArray(entry)) throw fault('bundle-entries', 'Bundle.entry')
  const values = entry ?? []
  if (values.length > limits.maxEntries) {
    throw new Failure(
      'too-large',
      'bundle-too-many-entries',
      { max: limits.maxEntries },
      { expression: ['Bundle.entry'] },
    )
  }
  const exact = (bundle.exact['entry'] ?? []) as Json[]
  const entries = values.map((value, index) => {
    try {
      return parseEntry(value, exact[index]!, index, limits.base)
    } catch (error) {
      if (type === 'transaction' || !(error instanceof Failure)) throw error
      return { index, failure: error }
    }
  })
  if (type === 'transaction') refuseDoubles(entries.filter((each) => 'method' in each))
  return { type, entries }
}

export function isRefused(entry: BundleEntry | RefusedEntry): entry is RefusedEntry {
  return 'failure' in entry
}

function parseEntry(value: Json, exact: Json, index: number, base: string): BundleEntry {
  const place = `Bundle.entry[${index}]`
  if (!isObject(value)) throw fault('bundle-entries', place)
  const { request, resource } = value
  if (!isObject(request)) throw fault('bundle-request-missing', `${place}.request`)
  const { method, url } = request
  if (typeof method !== 'string' || typeof url !== 'string')
    throw fault('bundle-request-missing', `${place}.request`)
  if (!isMethod(method)) throw fault('bundle-method', `${place}.request.method`)
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  const target = targetOf(url, base, `${place}.request.url`)
  // A search by POST has its criteria in the url, an operation may have no parameters.
  const mayBeBare = method === 'POST' && /(?:^|\/)(?:_search|\$[^/]*)$/.test(target.path)
  if (hasBody && !mayBeBare && !isObject(resource))
    throw fault('bundle-resource-missing', `${place}.resource`)
  if (!hasBody && resource !== undefined) throw fault('bundle-resource-unexpected', `${place}.resource`)
  return {
    index,
    fullUrl: fullUrlOf(value, place),
    method,
    ...target,
    resource: isObject(resource)
      ? { value: resource, exact: (exact as JsonObject)['resource'] as JsonObject }
      : undefined,
    ifMatch: textOf(request.ifMatch),
    ifNoneMatch: textOf(request.ifNoneMatch),
    ifModifiedSince: textOf(request.ifModifiedSince),
    ifNoneExist: textOf(request.ifNoneExist),
  }
}

function isMethod(method: string): method is BundleMethod {
  return (BUNDLE_METHODS as readonly string[]).includes(method)
}

function targetOf(
  url: string,
  base: string,
  place: string,
): Pick<BundleEntry, 'path' | 'query' | 'type' | 'id'> {
  const relative =
    url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`) ? url.slice(base.length) : url
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(relative) || relative.includes('#')) throw fault('bundle-url', place)
  const mark = relative.indexOf('?')
  const path = (mark < 0 ? relative : relative.slice(0, mark)).replace(/^\//, '')
  const segments = path.split('/')
  if (segments.some((segment) => segment === '.' || segment === '..')) throw fault('bundle-url', place)
  return {
    path,
    query: mark < 0 ? '' : relative.slice(mark + 1),
    type: segments[0] || undefined,
    id: segments[1] || undefined,
  }
}

const FULL_URL = /^(?:https?:\/\/\S+|urn:uuid:\S+|urn:oid:\S+)$/

function fullUrlOf({ fullUrl }: JsonObject, place: string): string | undefined {
  if (fullUrl === undefined) return undefined
  if (typeof fullUrl !== 'string' || !FULL_URL.test(fullUrl))
    throw fault('bundle-full-url', `${place}.fullUrl`)
  return fullUrl
}

/** "A transaction may include a resource only once", under its identity and under its fullUrl. */
function refuseDoubles(entries: readonly BundleEntry[]): void {
  const identities = new Set<string>()
  const fullUrls = new Set<string>()
  for (const { index, method, type, id, fullUrl } of entries) {
    if (method === 'GET' || method === 'HEAD') continue
    if (fullUrl !== undefined) {
      if (fullUrls.has(fullUrl)) throw fault('bundle-full-url-repeated', `Bundle.entry[${index}].fullUrl`)
      fullUrls.add(fullUrl)
    }
    if (method === 'POST' || type === undefined || id === undefined) continue
    const identity = `${type}/${id}`
    if (identities.has(identity)) {
      const expression = [`Bundle.entry[${index}].request.url`]
      throw new Failure('invalid', 'resource-twice-in-transaction', { type }, { expression })
    }
    identities.add(identity)
  }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function fault(code: string, place: string): Failure {
  return new Failure('invalid', code, {}, { expression: [place] })
}
