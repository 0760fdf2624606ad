/** Pages of several types, put together in their one order. */
import { encodeCursor } from '../cursor.ts'
import { makeOrder } from '../order.ts'
import type { SortPart } from '../query.ts'
import type { FoundPage } from './found-page.ts'

export function mergedPage(pages: readonly FoundPage[], sort: readonly SortPart[], count: number): FoundPage {
  const order = makeOrder(sort)
  const all = pages
    .flatMap(({ entries, places }) => entries.map((entry, i) => ({ entry, place: places[i]! })))
    .toSorted((a, b) => order(a.place, b.place))
  const page = all.slice(0, count)
  const found = { entries: page.map(({ entry }) => entry), places: page.map(({ place }) => place) }
  const more = all.length > count || pages.some(({ next }) => next !== undefined)
  return more ? { ...found, next: encodeCursor(page.at(-1)!.place) } : found
}
