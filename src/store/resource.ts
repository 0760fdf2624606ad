/** What the store says about a resource, and how its text is put together. */
import { toInstant } from '../kernel/clock.ts'
import type { ResourceRow } from './queries/read-resources.ts'

export interface Stored {
  readonly type: string
  readonly id: string
  readonly version: number
  /** Instant with milliseconds and Z. */
  readonly lastUpdated: string
  readonly deleted: boolean
  /** Ids of the Patients in whose compartment it is. */
  readonly patients: readonly string[]
  /** The whole JSON text, resourceType first; empty when deleted. */
  readonly body: string
}

export function storedFrom(row: ResourceRow): Stored {
  return {
    type: row.type,
    id: row.id,
    version: row.version,
    lastUpdated: toInstant(row.last_updated.getTime()),
    deleted: row.deleted,
    patients: row.patients,
    body: row.content === null ? '' : bodyOf(row.type, row.content),
  }
}

/** Puts resourceType, which the content column leaves out, first: a splice, nothing is parsed. */
export function bodyOf(type: string, content: string): string {
  return `{"resourceType":"${type}",${content.slice(1)}`
}
