/** The interactions that this server has. What isn't here is not claimed, routed or documented. */
import { asyncCancel, asyncStatus } from './async/index.ts'
import { makeCapabilities } from './capabilities.ts'
import { conditionalDelete } from './conditional-delete.ts'
import { conditionalPatch } from './conditional-patch.ts'
import { conditionalUpdate } from './conditional-update.ts'
import { create } from './create.ts'
import { deleteInteraction } from './delete.ts'
import { historyInstance } from './history-instance.ts'
import { historySystem } from './history-system.ts'
import { historyType } from './history-type.ts'
import type { Interaction } from './interaction.ts'
import { operations } from './operations/index.ts'
import { asInteraction } from './operations/operation.ts'
import { patch } from './patch.ts'
import { read } from './read.ts'
import { reindexCancel, reindexStatus } from './reindex-status.ts'
import { searchCompartment, searchWholeCompartment } from './search-compartment.ts'
import { searchSystem } from './search-system.ts'
import { searchType } from './search-type.ts'
import { system } from './system.ts'
import { update } from './update.ts'
import { vread } from './vread.ts'

export function makeInteractions(): readonly Interaction[] {
  return [
    makeCapabilities(),
    read,
    vread,
    create,
    update,
    patch,
    deleteInteraction,
    conditionalUpdate,
    conditionalPatch,
    conditionalDelete,
    historyInstance,
    historyType,
    historySystem,
    searchType,
    searchSystem,
    searchCompartment,
    searchWholeCompartment,
    system,
    asyncStatus,
    asyncCancel,
    reindexStatus,
    reindexCancel,
    ...operations.map(asInteraction),
  ]
}
