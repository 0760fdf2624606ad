/** The places of a PL: bed in room in floor in ward in building in facility. The first that was sent is referenced. */
import { makeObject, type Obj, type ResourceNode } from './tree.ts'

/** @param reference the Location that the table was asked for; it becomes the innermost level */
export function chainLevels(levels: ReadonlyMap<string, ResourceNode>, root: Obj): void {
  const chain = [...levels].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, level]) => level)
  const [first, ...others] = chain
  if (!first) return
  for (const [name, field] of first.root.fields) root.fields.set(name, field)
  let inner = root
  for (const level of others) {
    const partOf = makeObject()
    partOf.resource = level
    inner.fields.set('partOf', { list: false, choice: undefined, items: new Map([['', partOf]]) })
    inner = level.root
  }
}
