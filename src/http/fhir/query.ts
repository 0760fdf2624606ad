/** Query strings: the parameters that speak about the answer and not about resources are taken out here. */
import { SUBSET_PARAMETERS } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'

/** https://hl7.org/fhir/R4/http.html#parameters: read by the edge for every interaction. */
export const ANSWER_PARAMETERS = ['_format', '_pretty', ...SUBSET_PARAMETERS] as const

/**
 * All parameters but those that shape the answer, in order.
 * @throws Failure `invalid`/`parameter-encoding`
 */
export function resourceParameters(query: string): URLSearchParams {
  refuseBroken(query)
  const parameters = new URLSearchParams(query)
  for (const name of ANSWER_PARAMETERS) parameters.delete(name)
  return parameters
}

/** URLSearchParams would put a character into the place of what is no UTF-8, and no resource has U+0000. */
function refuseBroken(query: string): void {
  if (!/[%\0]/.test(query)) return
  const broken = query.split('&').find((pair) => !isText(pair))
  if (broken === undefined) return
  const parameter = printable(broken.split('=', 1)[0]!)
  throw new Failure('invalid', 'parameter-encoding', { parameter }, { expression: [parameter] })
}

function isText(pair: string): boolean {
  try {
    return !/%00|\0/.test(pair) && (pair.match(/(?:%[\da-f]{2})+/gi) ?? []).every(decodeURIComponent)
  } catch {
    return false
  }
}

/** As resourceParameters, for a search: `_summary=count` is a page with nothing on it but the total. */
export function searchParameters(query: string): URLSearchParams {
  const parameters = resourceParameters(query)
  if (wantsCount(query)) {
    parameters.set('_count', '0')
    parameters.set('_total', 'accurate')
  }
  return parameters
}

/** `_summary=count`: how many, and none of them. */
export function wantsCount(query: string): boolean {
  return query !== '' && new URLSearchParams(query).get('_summary') === 'count'
}

/**
 * Of a link to this page of an answer or another one, with its cursor: "the parameters that were actually used", the
 * answer's shape included. https://hl7.org/fhir/R4/search.html#conformance
 */
export function linkParameters(query: string, cursor: string | undefined): URLSearchParams {
  const asked = [...new URLSearchParams(query)].filter(([, value]) => !/^,*$/.test(value))
  const parameters = new URLSearchParams(asked)
  if (Number(parameters.get('_count')) > MAX_COUNT) parameters.set('_count', String(MAX_COUNT))
  if (cursor === undefined) parameters.delete('_cursor')
  else parameters.set('_cursor', cursor)
  return parameters
}

/**
 * For interactions that have no parameters of their own: what would silently be ignored is refused.
 * @throws Failure `invalid`/`parameter-unknown`
 */
export function refuseParameters(query: string, known: readonly string[] = []): void {
  if (query === '') return
  for (const name of resourceParameters(query).keys()) {
    if (known.includes(name)) continue
    const parameter = printable(name)
    throw new Failure('invalid', 'parameter-unknown', { parameter }, { expression: [parameter] })
  }
}

/** A parameter's name is the client's text: only what can't be a value goes into an error. */
function printable(name: string): string {
  return /^[\w.:-]{1,40}$/.test(name) ? name : '?'
}

/**
 * `_count` where the search parser isn't at work; 1 to 1000.
 * @throws Failure `invalid`/`count-invalid`
 */
export function countParameter(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('_count')
  if (text === null) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw new Failure('invalid', 'count-invalid', {}, { expression: ['_count'] })
  return Math.min(Number(text), MAX_COUNT)
}

const MAX_COUNT = 1000
