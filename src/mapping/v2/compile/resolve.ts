/** A target path against R4: each step's type, and whether it is a list. A path that R4 does not have is refused. */
import type { ElementTree } from '../../../fhir/index.ts'
import { LanguageError } from '../language/tokens.ts'
import type { Target, TargetStep } from '../language/target.ts'

export interface Step {
  readonly name: string
  readonly list: boolean
  readonly label: string
  readonly url: string | undefined
  /** Resource type that the element refers to and that the path goes on in. */
  readonly into: string | undefined
  /** `value` of valueQuantity: a resource holds one of its types. */
  readonly choice: string | undefined
  /** A FHIR type, or the path of a backbone element. */
  readonly type: string
  readonly primitive: boolean
  /** All tables of a resource fill one item of the list together: config/mapping/shared.tsv. */
  /** `education[OBX-4]`: one item for each value of that field, whichever segment says it. */
  readonly by?: number
  readonly shared?: boolean
}

export interface ResolvedTarget {
  readonly self: 'this' | 'value' | 'levels' | undefined
  readonly sibling: string | undefined
  readonly steps: readonly Step[]
  readonly fallback: boolean
  /** Type of what the path ends in: a FHIR type, a backbone path, or the resource type after a hop. */
  readonly type: string
  readonly primitive: boolean
  /** Codes of a required binding. */
  readonly codes: ReadonlySet<string> | undefined
}

/** @throws LanguageError with the step that R4 does not have */
export function resolveTarget(tree: ElementTree, base: string, target: Target): ResolvedTarget {
  const { self, sibling, fallback } = target
  let type = base
  let codes: ReadonlySet<string> | undefined
  const steps = target.steps.map((step) => {
    const resolved = resolveStep(tree, type, step)
    // What binds a CodeableConcept or Coding binds the code in it.
    const isInside =
      (type === 'CodeableConcept' && step.name === 'coding') || (type === 'Coding' && step.name === 'code')
    codes = resolved.codes ?? (isInside ? codes : undefined)
    type = step.into ?? resolved.type
    return resolved
  })
  return { self, sibling, steps, fallback, type, primitive: isPrimitive(type), codes }
}

function resolveStep(
  tree: ElementTree,
  base: string,
  step: TargetStep,
): Step & { codes?: ReadonlySet<string> } {
  const node = tree.elementOf(`${base}.${step.name}`)
  if (!node) throw new LanguageError(`R4 has no element ${base}.${step.name}`)
  if (node.choice) throw new LanguageError(`${base}.${step.name} needs its type, as in ${step.name}Quantity`)
  if (step.url !== undefined && !/^(?:modifierE|e)xtension$/.test(step.name)) {
    throw new LanguageError(`${base}.${step.name} is not an extension`)
  }
  const type = node.types[0]!
  if (step.into !== undefined) checkReference(tree, `${base}.${step.name}`, type, node.targets, step.into)
  return {
    name: step.name,
    list: node.max > 1,
    choice: choiceOf(tree, base, step.name),
    label: step.label,
    url: step.url,
    into: step.into,
    type,
    primitive: isPrimitive(type),
    ...(node.codes ? { codes: node.codes.codes } : {}),
  }
}

/** `occurrence` for occurrenceDateTime. */
function choiceOf(tree: ElementTree, base: string, name: string): string | undefined {
  const ends = [...name.matchAll(/[A-Z]/g)].map(({ index }) => index)
  const stems = ends.map((end) => name.slice(0, end))
  return stems.find((stem) => tree.elementOf(`${base}.${stem}`)?.choice)
}

function checkReference(
  tree: ElementTree,
  path: string,
  type: string,
  targets: readonly string[] | undefined,
  into: string,
): void {
  if (type !== 'Reference') throw new LanguageError(`${path} is not a reference`)
  if (!tree.elementOf(`${into}.id`)) throw new LanguageError(`R4 has no resource ${into}`)
  if (targets && !targets.includes(into) && !targets.includes('Resource')) {
    throw new LanguageError(`${path} does not refer to ${into}`)
  }
}

export function isPrimitive(type: string): boolean {
  return /^[a-z]/.test(type)
}
