/** Where the objects of an imaging channel go: each on its own way in, their index rows committed in groups. */
import type { InstanceSink } from '../../dicom/index.ts'
import { makeIndexing } from './indexing.ts'
import type { Projector } from './projector.ts'
import { receiveInstance } from './reception.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

export function makeImagingSink(
  deps: ImagingDeps,
  channel: ImagingChannel,
  projector: Projector,
): InstanceSink {
  const reception = { ...deps, index: makeIndexing(deps, channel), changed: projector.changed }
  return {
    begin: (incoming) => Promise.resolve(receiveInstance(incoming, reception, channel)),
    ended: ({ association }) => projector.released(association),
  }
}
