/** One ElementDefinition as rules. https://hl7.org/fhir/R4/elementdefinition.html */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type {
  BindingRule,
  ConstraintRule,
  Discriminator,
  ElementRules,
  SlicingRule,
  TypeRule,
} from './element.ts'

/** Puts what a definition says over what was said before: later words replace earlier ones, constraints add up. */
export function applyDefinition(rules: ElementRules, definition: JsonObject): void {
  const { min, max, maxLength } = definition
  if (typeof min === 'number') rules.min = min
  if (typeof max === 'string') rules.max = max === '*' ? Infinity : Number(max)
  if (typeof maxLength === 'number') rules.maxLength = maxLength
  for (const [prefix, rule] of CHOICES) {
    const name = Object.keys(definition).find((key) => key.startsWith(prefix))
    if (name !== undefined) rules[rule] = definition[name]!
  }
  const types = objectsOf(definition.type).flatMap(typeOf)
  if (types.length > 0) rules.types = types
  const binding = isObject(definition.binding) ? bindingOf(definition.binding) : undefined
  if (binding) rules.binding = binding
  const slicing = isObject(definition.slicing) ? slicingOf(definition.slicing) : undefined
  if (slicing) rules.slicing = slicing
  const constraints = objectsOf(definition.constraint).flatMap(constraintOf)
  if (constraints.length > 0)
    rules.constraints = new Map([
      ...(rules.constraints ?? []),
      ...constraints.map((one) => [one.key, one] as const),
    ])
}

/** `fixedCode`, `patternCoding`, `minValueDate`, … */
const CHOICES = [
  ['fixed', 'fixed'],
  ['pattern', 'pattern'],
  ['minValue', 'minValue'],
  ['maxValue', 'maxValue'],
] as const

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

function typeOf({ code, profile, targetProfile, extension }: JsonObject): TypeRule[] {
  const named = objectsOf(extension).find(({ url }) => url === FHIR_TYPE)?.valueUrl
  const type = named ?? code
  if (typeof type !== 'string') return []
  return [{ code: type, profiles: textsOf(profile), targets: textsOf(targetProfile) }]
}

function bindingOf({ strength, valueSet }: JsonObject): BindingRule | undefined {
  if (typeof valueSet !== 'string' || (strength !== 'required' && strength !== 'extensible')) return undefined
  return { strength, valueSet }
}

function slicingOf({ discriminator, rules, ordered }: JsonObject): SlicingRule {
  return {
    discriminators: objectsOf(discriminator).map(
      ({ type, path }) => ({ type, path }) as unknown as Discriminator,
    ),
    rules: rules as SlicingRule['rules'],
    ordered: ordered === true,
  }
}

/** One without an expression can't be evaluated: its XPath is for XML. */
function constraintOf({ key, severity, human, expression }: JsonObject): ConstraintRule[] {
  if (typeof key !== 'string' || typeof expression !== 'string') return []
  return [
    { key, severity: severity === 'warning' ? 'warning' : 'error', human: String(human ?? ''), expression },
  ]
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
