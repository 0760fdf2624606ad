/** Answers cut to what `_summary` and `_elements` ask for. https://hl7.org/fhir/R4/search.html#summary */
import { parseSubset, type Subset } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { parseExactObject } from '../../kernel/json.ts'
import type { FhirDeps } from './deps.ts'
import type { Answer, FhirRequest, Interaction } from './interaction.ts'

type Asked = Pick<FhirRequest, 'type' | 'query'>

/**
 * undefined: whole resources.
 * @throws Failure `invalid`/`summary-…`, `invalid`/`elements-…`
 */
export function subsetOf(
  { definitions }: FhirDeps,
  { code }: Interaction,
  { type, query }: Asked,
): Subset | undefined {
  if (query === '') return undefined
  const types = type === '' || code === 'operation' ? definitions.resourceTypes : [type]
  const subset = parseSubset(new URLSearchParams(query), definitions, types)
  const isList = code.startsWith('search') || code.startsWith('history')
  if (subset !== undefined && isCount(subset) && !isList)
    throw new Failure('invalid', 'summary-count', {}, { expression: ['_summary'] })
  return subset
}

/** The resource of the answer, or those of the Bundle that it is, cut. Outcomes and Parameters stay whole. */
export function cutAnswer(
  { subsetter }: FhirDeps,
  { code }: Interaction,
  { type }: Asked,
  subset: Subset | undefined,
  answer: Answer,
): Answer {
  if (subset === undefined || isCount(subset) || answer.body === undefined) return answer
  const { exact } = parseExactObject(answer.body)
  const { resourceType } = exact
  if (resourceType === 'Bundle' && !(type === 'Bundle' && ANSWERED_WITH_ONE.has(code)))
    return { ...answer, body: JSON.stringify(subsetter.entries(exact, subset)) }
  if (resourceType !== type && (resourceType === 'OperationOutcome' || resourceType === 'Parameters'))
    return answer
  return { ...answer, body: JSON.stringify(subsetter.resource(exact, subset)) }
}

function isCount(subset: Subset): boolean {
  return 'summary' in subset && subset.summary === 'count'
}

const ANSWERED_WITH_ONE: ReadonlySet<string> = new Set(['read', 'vread', 'create', 'update', 'patch'])
