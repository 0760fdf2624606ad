/** Writes one primitive: its text translated, converted to its type, checked against the codes that R4 allows. */
import { codeIn, type CompiledRule, type Vocabulary } from '../program.ts'
import type { RunContext } from './application.ts'
import { setUrl } from './place.ts'
import { primitiveJson } from './primitives.ts'
import { leafAt, makeObject, objectAt, setText, type Leaf, type Slot, textIn } from './tree.ts'

export interface LeafInput {
  readonly vocabulary: Vocabulary | undefined
  readonly codes: ReadonlySet<string> | undefined
  readonly type: string
  readonly fallback: boolean
  readonly context: RunContext
}

/** A text that is no such value, and a code that R4 does not have, is not written; the warning counts it. */
export function setLeaf(
  rule: CompiledRule,
  slot: Slot,
  text: string,
  { vocabulary, codes, type, fallback, context }: LeafInput,
): void {
  const code = vocabulary === undefined || rule.value ? undefined : codeIn(vocabulary, text.trim())
  const unmapped = vocabulary !== undefined && !rule.value && code === undefined
  if (unmapped) context.warn('code-unmapped', vocabulary.name)
  const json = primitiveJson(type, code?.code ?? text, context)
  if (json === undefined) {
    context.warn('value-not-understood', rule.id)
    return
  }
  if (codes !== undefined && !codes.has(textIn(json))) {
    if (!unmapped) context.warn('code-unmapped', rule.id)
    keepOriginal(rule, slot, text)
    return
  }
  put(rule, slot, json, fallback)
}

const ALTERNATE_CODES = 'http://hl7.org/fhir/StructureDefinition/alternate-codes'

/** A code that R4 does not allow stays readable in the extension that FHIR has for it. */
function keepOriginal(rule: CompiledRule, slot: Slot, text: string): void {
  const leaf = leafAt(slot)
  leaf.extensions ??= makeObject('Element')
  const key = `original/${rule.id}`
  const extension = objectAt({
    parent: leaf.extensions,
    name: 'extension',
    list: true,
    primitive: false,
    key,
  })
  setUrl(extension, ALTERNATE_CODES, rule.id)
  const concept = objectAt({
    parent: extension,
    name: 'valueCodeableConcept',
    list: false,
    primitive: false,
    key: '',
  })
  setText(concept, 'text', text, rule.id)
}

function isConstant({ value }: CompiledRule): boolean {
  return value?.every((term) => 'text' in term) ?? false
}

/** A constant that stands for a field says nothing when nothing else was said. What another resource is, it says alone. */
function isWeak({ from, steps }: CompiledRule): boolean {
  return from.part !== undefined && steps.every(({ into }) => into === undefined)
}

/** The lines of a second NTE follow those of the first, where the element holds one text. */
function isContinued({ id, write: to }: CompiledRule, leaf: Leaf): leaf is Leaf & { json: string } {
  return to.as === 'function' && to.name === 'lines' && leaf.json !== undefined && leaf.row === id
}

function joined(first: string, second: string): string {
  return JSON.stringify(`${JSON.parse(first) as string}\n${JSON.parse(second) as string}`)
}

function put(rule: CompiledRule, slot: Slot, json: string, fallback: boolean): void {
  const leaf = leafAt(slot)
  if (fallback && leaf.json !== undefined && !leaf.fallback) return
  leaf.json = isContinued(rule, leaf) ? joined(leaf.json, json) : json
  leaf.row = rule.id
  leaf.constant = isConstant(rule)
  leaf.weak = leaf.constant && isWeak(rule)
  leaf.fallback = fallback
}
