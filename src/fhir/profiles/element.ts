/**
 * What a profile says of one element, and of the elements and slices below it. A tree holds only what profiles say:
 * what R4 says itself is the validator's. https://hl7.org/fhir/R4/elementdefinition.html
 */
import type { Json } from '../../kernel/json.ts'

export interface ElementNode {
  /** As in R4, without `[x]`: `value`. The root's is its type. */
  readonly name: string
  /** undefined for an element that is no slice. */
  readonly sliceName: string | undefined
  /** For findings: `Patient.identifier:ins.system`. */
  readonly id: string
  readonly rules: ElementRules
  readonly children: Map<string, ElementNode>
  /** Slices of this element; of a slice, its re-slices. In the order of the profile. */
  readonly slices: Map<string, ElementNode>
}

export interface ElementRules {
  min?: number
  /** Infinity for `*`. */
  max?: number
  types?: readonly TypeRule[]
  fixed?: Json
  pattern?: Json
  maxLength?: number
  minValue?: Json
  maxValue?: Json
  binding?: BindingRule
  slicing?: SlicingRule
  /** By key. */
  constraints?: ReadonlyMap<string, ConstraintRule>
}

export interface TypeRule {
  readonly code: string
  /** Canonicals that a value conforms to one of; empty: any. */
  readonly profiles: readonly string[]
  /** Canonicals of what a reference may point to. */
  readonly targets: readonly string[]
}

export interface BindingRule {
  readonly strength: 'required' | 'extensible'
  /** Canonical. */
  readonly valueSet: string
}

export interface ConstraintRule {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
}

export interface SlicingRule {
  readonly discriminators: readonly Discriminator[]
  readonly rules: 'closed' | 'open' | 'openAtEnd'
  readonly ordered: boolean
}

export interface Discriminator {
  readonly type: 'value' | 'pattern' | 'exists' | 'type' | 'profile'
  readonly path: string
}

export function makeNode(name: string, id: string, sliceName?: string): ElementNode {
  return { name, id, sliceName, rules: {}, children: new Map(), slices: new Map() }
}

/** A copy that can be changed without the original. */
export function cloneNode({ rules, children, slices, ...node }: ElementNode): ElementNode {
  return { ...node, rules: { ...rules }, children: cloneAll(children), slices: cloneAll(slices) }
}

function cloneAll(nodes: ReadonlyMap<string, ElementNode>): Map<string, ElementNode> {
  return new Map([...nodes].map(([name, node]) => [name, cloneNode(node)]))
}
