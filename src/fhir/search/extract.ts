/**
 * A resource's index entries in one walk. All parameters of a type are merged into one tree of JSON steps, so that a
 * place that several parameters look at (code, combo-code) is visited once.
 */
import type { JsonObject } from '../../kernel/json.ts'
import type { Definitions } from '../definitions/index.ts'
import type { IndexEntries } from './entries.ts'
import { makePlan, type ExtractionPlan, type TreeNode } from './extraction-plan.ts'
import type { SearchParameters } from './parameters.ts'
import type { ExtractContext } from './emit/index.ts'

export interface Extractor {
  /**
   * What the index has to know of a resource. Takes the `exact` tree of an ExactJson to keep the precision of decimals,
   * or the plain one where they don't matter.
   */
  extract(resource: JsonObject, type: string, context: ExtractContext): IndexEntries
}

export function makeExtractor(definitions: Definitions, parameters: SearchParameters): Extractor {
  const plans = new Map<string, ExtractionPlan>()

  function planOf(type: string): ExtractionPlan {
    let plan = plans.get(type)
    if (!plan) {
      plan = makePlan(definitions, parameters.of(type), type)
      plans.set(type, plan)
    }
    return plan
  }

  return {
    extract(resource, type, context) {
      const plan = planOf(type)
      const patients = new Set<string>()
      const found: IndexEntries = {
        tokens: [],
        references: [],
        strings: [],
        uris: [],
        dates: [],
        numbers: [],
        quantities: [],
        compartments: { patients: [] },
      }
      visitChildren(plan.root, resource, found, context)
      for (const emit of plan.computed) emit(resource, found, context)
      if (type === 'Patient' && typeof resource['id'] === 'string') patients.add(resource['id'])
      for (const { param, target } of found.references) {
        if (plan.patientParams.has(param) && target.startsWith(PATIENT))
          patients.add(target.slice(PATIENT.length))
      }
      return { ...found, compartments: { patients: [...patients] } }
    },
  }
}

const PATIENT = 'Patient/'

function visitChildren(node: TreeNode, owner: JsonObject, into: IndexEntries, context: ExtractContext): void {
  for (const child of node.children) {
    const value = owner[child.step.name]
    if (value === undefined || value === null) continue
    const { index } = child.step
    if (!Array.isArray(value)) {
      if (index === undefined || index === 0) visit(child, value, into, context)
    } else if (index === undefined) {
      for (const item of value) visit(child, item, into, context)
    } else if (index < value.length) {
      visit(child, value[index], into, context)
    }
  }
}

function visit(node: TreeNode, value: unknown, into: IndexEntries, context: ExtractContext): void {
  if (value === null) return
  if (node.step.filter && !node.step.filter.test(value)) return
  if (node.complex && (typeof value !== 'object' || Array.isArray(value))) return
  for (const emit of node.emits) emit(value, into, context)
  if (node.children.length > 0) visitChildren(node, value as JsonObject, into, context)
}
