/** A page of what was found, as the store hands it on. */
import type { ResourceRow } from '../../queries/read-resources.ts'
import { type Stored, storedFrom } from '../../resource.ts'
import { type Cursor, encodeCursor } from '../cursor.ts'

export interface FoundPage {
  readonly entries: readonly Stored[]
  /** Where each entry stands in the order. */
  readonly places: readonly Cursor[]
  readonly next?: string
}

/** @param rows one more than the page has when there is a next one */
export function pageOf<Row extends ResourceRow>(
  rows: readonly Row[],
  count: number,
  cursorOf: (row: Row) => Cursor,
): FoundPage {
  const page = rows.slice(0, count)
  const places = page.map(cursorOf)
  const found = { entries: page.map(storedFrom), places }
  return rows.length > count ? { ...found, next: encodeCursor(places.at(-1)!) } : found
}
