/** Finds what a path selects in a tree. https://www.rfc-editor.org/rfc/rfc5261#section-4.1 */
import { Failure } from '../../kernel/failure.ts'
import type { XmlAttribute, XmlElement } from '../xml/index.ts'
import type { NameTest, Predicate, Step } from './xpath.ts'

export type Selected =
  | { readonly element: XmlElement; readonly parent: XmlElement }
  | { readonly attribute: XmlAttribute; readonly owner: XmlElement }

/**
 * @param document an element whose only child is the resource
 * @throws Failure `invalid`/`patch-selector-narrative`
 */
export function select(document: XmlElement, path: readonly Step[]): Selected[] {
  let owners: readonly XmlElement[] = [document]
  let found: Selected[] = []
  for (const step of path) {
    found = owners.flatMap((owner) => stepFrom(owner, step))
    owners = found.flatMap((each) => ('element' in each ? [each.element] : []))
  }
  return found
}

function stepFrom(owner: XmlElement, { test, predicates }: Step): Selected[] {
  if (test === 'nothing') return []
  if (owner.narrative !== undefined) throw new Failure('invalid', 'patch-selector-narrative')
  const named: Selected[] =
    test.of === 'attribute'
      ? owner.attributes.filter((each) => fits(each, test)).map((attribute) => ({ attribute, owner }))
      : owner.children.filter((each) => fits(each, test)).map((element) => ({ element, parent: owner }))
  return predicates.reduce(
    (left, predicate) => left.filter((each, i) => holds(each, predicate, i, left.length)),
    named,
  )
}

function fits(node: { readonly name: string; readonly namespace: string }, test: NameTest): boolean {
  return (
    (test.name === undefined || test.name === node.name) &&
    (test.namespace === undefined || test.namespace === node.namespace)
  )
}

function holds(selected: Selected, predicate: Predicate, index: number, size: number): boolean {
  if ('position' in predicate)
    return index + 1 === (predicate.position === 'last' ? size : predicate.position)
  const { path, equals } = predicate
  if (path.length === 0) return equals === undefined || equals === valueOf(selected)
  if (!('element' in selected)) return false
  return select(selected.element, path).some((each) => equals === undefined || equals === valueOf(each))
}

/** What XPath calls the string-value: an attribute's value; elements of FHIR have no text. */
function valueOf(selected: Selected): string {
  return 'attribute' in selected ? selected.attribute.value : ''
}
