/** Query strings: the parameters that speak about the answer and not about resources are taken out here. */
import { Failure } from '../../kernel/failure.ts'

/** https://hl7.org/fhir/R4/http.html#parameters: read by the edge for every interaction. */
const ANSWER_PARAMETERS: ReadonlySet<string> = new Set(['_format', '_pretty'])

/** All parameters but `_format` and `_pretty`, in order. */
export function resourceParameters(query: string): URLSearchParams {
  const parameters = new URLSearchParams(query)
  for (const name of ANSWER_PARAMETERS) parameters.delete(name)
  return parameters
}

/**
 * For interactions that have no parameters of their own: what would silently be ignored is refused.
 * @throws Failure `invalid`/`parameter-unknown`
 */
export function refuseParameters(query: string, known: readonly string[] = []): void {
  if (query === '') return
  for (const name of resourceParameters(query).keys()) {
    if (!known.includes(name))
      throw new Failure('invalid', 'parameter-unknown', { parameter: printable(name) })
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
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw new Failure('invalid', 'count-invalid')
  return Math.min(Number(text), MAX_COUNT)
}

const MAX_COUNT = 1000
