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
}

/** A contained resource may refer to another one that is contained beside it, and so on. */
const MAX_EMBEDDED = 3

/** @param only of a type, the parameters to be looked at, but in embedded resources all; left out: all */
export function makeExtractor(
  definitions: Definitions,
  parameters: SearchParameters,
  only?: (type: string) => Iterable<SearchParameter>,
): Extractor {
  const plans = new Map<string, ExtractionPlan>()

  function planOf(type: string, depth: number): ExtractionPlan {
    const isCut = only !== undefined && depth === 0
    const key = isCut ? `${type} only` : type
    let plan = plans.get(key)
    if (!plan) {
      plan = makePlan(definitions, parameters, type, isCut ? only(type) : parameters.of(type).values())
      plans.set(key, plan)
    }
    return plan
  }

  function entriesOf(
    resource: JsonObject,
    type: string,
    context: WalkContext,
    depth: number,
  ): ValueEntries & { readonly composites: CompositeEntry[] } {
    const plan = planOf(type, depth)
    const found = noEntries()
    visitChildren(plan.root, resource, found, context)
    for (const emit of plan.computed) emit(resource, found, context)
    const composites = plan.composites.flatMap((composite) => composite(resource, context))
    const entries = { ...found, composites }
    if (depth < MAX_EMBEDDED) {
      addEmbedded(entries, (inner, innerType) =>
        definitions.isResourceType(innerType) ? entriesOf(inner, innerType, context, depth + 1) : undefined,
      )
    }
    return entries
  }

  return {
    extract(resource, type, context) {
      const walk = { ...context, contained: (id: string) => containedIn(resource, id) }
      const entries = entriesOf(resource, type, walk, 0)
      const patients = new Set<string>()
      if (type === 'Patient' && typeof resource['id'] === 'string') patients.add(resource['id'])
      const { patientParams } = planOf(type, 0)
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
