/**
 * A resource's index entries in one walk. All parameters of a type are merged into one tree of JSON steps, so that a
 * place that several parameters look at (code, combo-code) is visited once.
 */
import { isObject, type JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { addEmbedded } from './embedded.ts'
import { type CompositeEntry, type IndexEntries, noEntries, type ValueEntries } from './entries.ts'
import { makePlan, type ExtractionPlan } from './extraction-plan.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import type { ExtractContext, WalkContext } from './emit/index.ts'
import { visitChildren } from './walk.ts'

export interface Extractor {
  /**
   * What the index has to know of a resource. Takes the `exact` tree of an ExactJson to keep the precision of decimals,
   * or the plain one where they don't matter.
   */
  extract(resource: JsonObject, type: string, context: ExtractContext): IndexEntries
  /** What it looks at in a resource of the type, for extractors that look at more. */
  planOf(type: string): ExtractionPlan
}

/** A contained resource may refer to another one that is contained beside it, and so on. */
const MAX_EMBEDDED = 3

export function makeExtractor(definitions: Definitions, parameters: SearchParameters): Extractor {
  const planOf = makePlans(definitions, parameters, (type) => parameters.of(type).values())
  return extractBy(definitions, (type) => [planOf(type)])
}

/** With more parameters, whose plans are their own; those of the extractor are shared with it. */
export function makeWiderExtractor(
  definitions: Definitions,
  extractor: Extractor,
  parameters: SearchParameters,
  more: ReadonlyMap<string, readonly SearchParameter[]>,
): Extractor {
  const planOf = makePlans(definitions, parameters, (type) => more.get(type) ?? [])
  return extractBy(definitions, (type) =>
    more.has(type) ? [extractor.planOf(type), planOf(type)] : [extractor.planOf(type)],
  )
}

/** Each made when it is first needed. */
function makePlans(
  definitions: Definitions,
  parameters: SearchParameters,
  of: (type: string) => Iterable<SearchParameter>,
): (type: string) => ExtractionPlan {
  const plans = new Map<string, ExtractionPlan>()
  return (type) => {
    let plan = plans.get(type)
    if (!plan) {
      plan = makePlan(definitions, parameters, type, of(type))
      plans.set(type, plan)
    }
    return plan
  }
}

function extractBy(
  definitions: Definitions,
  plansOf: (type: string) => readonly [ExtractionPlan, ...ExtractionPlan[]],
): Extractor {
  function entriesOf(
    resource: JsonObject,
    type: string,
    context: WalkContext,
    depth: number,
  ): ValueEntries & { readonly composites: CompositeEntry[] } {
    const entries = { ...noEntries(), composites: [] as CompositeEntry[] }
    for (const { root, computed, composites } of plansOf(type)) {
      visitChildren(root, resource, entries, context)
      for (const emit of computed) emit(resource, entries, context)
      for (const composite of composites) entries.composites.push(...composite(resource, context))
    }
    if (depth < MAX_EMBEDDED) {
      addEmbedded(entries, (inner, innerType) =>
        definitions.isResourceType(innerType) ? entriesOf(inner, innerType, context, depth + 1) : undefined,
      )
    }
    return entries
  }

  return {
    planOf: (type) => plansOf(type)[0],
    extract(resource, type, context) {
      const walk = { ...context, contained: (id: string) => containedIn(resource, id) }
      const entries = entriesOf(resource, type, walk, 0)
      const patients = new Set<string>()
      if (type === 'Patient' && typeof resource['id'] === 'string') patients.add(resource['id'])
      const [{ patientParams }] = plansOf(type)
      for (const { param, target } of entries.references) {
        if (patientParams.has(param) && target.startsWith(PATIENT)) patients.add(target.slice(PATIENT.length))
      }
      return { ...entries, compartments: { patients: [...patients] } }
    },
  }
}

const PATIENT = 'Patient/'

function containedIn({ contained }: JsonObject, id: string): JsonObject | undefined {
  if (!Array.isArray(contained)) return undefined
  return contained.filter(isObject).find((one) => one['id'] === id)
}
