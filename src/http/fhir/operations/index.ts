/** The operations that this server has. What isn't here is not claimed, routed or documented. */
import { encounterEverything, patientEverything } from './everything.ts'
import { explain } from './explain.ts'
import { fhirpath } from './fhirpath.ts'
import { meta } from './meta.ts'
import { metaAdd, metaDelete } from './meta-change.ts'
import type { Operation } from './operation.ts'
import { reindex } from './reindex.ts'
import { unmerge } from './unmerge.ts'
import { validate } from './validate.ts'

export const operations: readonly Operation[] = [
  validate,
  fhirpath,
  meta,
  metaAdd,
  metaDelete,
  patientEverything,
  encounterEverything,
  reindex,
  explain,
  unmerge,
]
