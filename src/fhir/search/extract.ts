/**
 * A resource's index entries in one walk. All parameters of a type are merged into one tree of JSON steps, so that a
 * place that several parameters look at (code, combo-code) is visited once.
 */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import { type IndexEntries, noEntries } from './entries.ts'
import { makePlan, type ExtractionPlan } from './extraction-plan.ts'
import type { SearchParameter, SearchParameters } from './parameters.ts'
import type { ExtractContext } from './emit/index.ts'
import { visitChildren } from './walk.ts'

export interface Extractor {
  /**
   * What the index has to know of a resource. Takes the `exact` tree of an ExactJson to keep the precision of decimals,
   * or the plain one where they don't matter.
   */
  extract(resource: JsonObject, type: string, context: ExtractContext): IndexEntries
}

/** @param only of a type, the parameters to be looked at; left out: all */
export function makeExtractor(
  definitions: Definitions,
  parameters: SearchParameters,
  only: (type: string) => Iterable<SearchParameter> = (type) => parameters.of(type).values(),
): Extractor {
  const plans = new Map<string, ExtractionPlan>()

  function planOf(type: string): ExtractionPlan {
    let plan = plans.get(type)
    if (!plan) {
      plan = makePlan(definitions, parameters, type, only(type))
      plans.set(type, plan)
    }
    return plan
  }

  return {
    extract(resource, type, context) {
      const plan = planOf(type)
      const patients = new Set<string>()
      const found = noEntries()
      visitChildren(plan.root, resource, found, context)
      for (const emit of plan.computed) emit(resource, found, context)
      const composites = plan.composites.flatMap((composite) => composite(resource, context))
      if (type === 'Patient' && typeof resource['id'] === 'string') patients.add(resource['id'])
      for (const { param, target } of found.references) {
        if (plan.patientParams.has(param) && target.startsWith(PATIENT))
          patients.add(target.slice(PATIENT.length))
      }
      return { ...found, composites, compartments: { patients: [...patients] } }
    },
  }
}

const PATIENT = 'Patient/'
