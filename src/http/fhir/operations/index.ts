/** The operations that this server has. What isn't here is not claimed, routed or documented. */
import { encounterEverything, patientEverything } from './everything.ts'
import { meta } from './meta.ts'
import { metaAdd, metaDelete } from './meta-change.ts'
import type { Operation } from './operation.ts'

export const operations: readonly Operation[] = [
  meta,
  metaAdd,
  metaDelete,
  patientEverything,
  encounterEverything,
]
