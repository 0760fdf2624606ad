/**
 * Where a rule writes, as a path from the resource or data type that its table makes:
 *
 *   identifier[2].value                          an element; [2] names one item of the list inside this table
 *   extension("http://…/patient-religion").valueCodeableConcept
 *   performer[1]>PractitionerRole.practitioner>Practitioner      another resource, made and referenced from here
 *   $this   the resource or element itself       $value   the primitive itself
 *   [2].given                                    another item of the list that holds this element
 *   $levels                                      the labelled items are places, each one part of the next
 *   status?                                      only when nothing else says it, neither here nor in the store
 */
import { LanguageError } from './tokens.ts'

export interface TargetStep {
  readonly name: string
  /** Names one item of a list; '' when the path names none. */
  readonly label: string
  /** Only of `extension("url")`. */
  readonly url: string | undefined
  /** Resource type after `>`: the element is a reference to it and the path goes on there. */
  readonly into: string | undefined
}

export interface Target {
  readonly self: 'this' | 'value' | 'levels' | undefined
  /** Label of the sibling item when the path starts with `[2].`. */
  readonly sibling: string | undefined
  readonly steps: readonly TargetStep[]
  /** Ends with `?`. */
  readonly fallback: boolean
}

const STEP = /([a-z]\w*)(?:\[([\w*-]+)\])?(?:\("([^"]+)"\))?(?:>([A-Z]\w*))?(\.|$)/y

/** @throws LanguageError */
export function parseTarget(text: string): Target {
  const fallback = text.endsWith('?')
  const path = fallback ? text.slice(0, -1) : text
  for (const self of ['this', 'value', 'levels'] as const) {
    if (path === `$${self}`) return { self, sibling: undefined, steps: [], fallback }
  }
  const sibling = /^\[(\w+)\]\./.exec(path)
  return {
    self: undefined,
    sibling: sibling?.[1],
    steps: parseSteps(sibling ? path.slice(sibling[0].length) : path),
    fallback,
  }
}

function parseSteps(path: string): TargetStep[] {
  const steps: TargetStep[] = []
  let at = 0
  while (at < path.length) {
    STEP.lastIndex = at
    const found = STEP.exec(path)
    if (!found) throw new LanguageError(`"${path.slice(at)}" can't be read in the FHIR path "${path}"`)
    const [, name, label = '', url, into] = found
    steps.push({ name: name!, label, url, into })
    at = STEP.lastIndex
  }
  if (steps.length === 0 || path.endsWith('.')) throw new LanguageError(`"${path}" is not a FHIR path`)
  return steps
}
