/** An imaging channel: a DICOM listener whose objects are kept, indexed and become ImagingStudies of a tenant. */
import type { ListenDimseOptions, DimseAccess, DimseListener } from '../dimse/index.ts'
import { listenDimse } from '../dimse/index.ts'
import { accessRow } from './audit.ts'
import { observeSink } from './observed-sink.ts'
import { makeProjector, type Projector } from './projector.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'
import { makeImagingSink } from './sink.ts'

export type ImagingListenOptions = Omit<ListenDimseOptions, 'sink' | 'log' | 'accessed'>

export interface ImagingReceiver extends AsyncDisposable {
  readonly listener: DimseListener
  readonly projector: Projector
}

/** Starts listening, and takes up studies that an earlier run has left unwritten. */
export async function receiveImages(
  deps: ImagingDeps,
  channel: ImagingChannel,
  listen: ImagingListenOptions,
): Promise<ImagingReceiver> {
  const log = deps.log.child({ channel: channel.mapping.channel })
  const own = { ...deps, log }
  const projector = makeProjector(own, channel)
  const sink = observeSink(makeImagingSink(own, channel, projector), deps.clock, deps.stored ?? (() => {}))
  const accessed = (access: DimseAccess) =>
    deps.audit.record(channel.tenant, accessRow(access, deps.clock.now()))
  const listener = await listenDimse({ ...listen, sink, log, accessed }).catch(async (error: unknown) => {
    await projector[Symbol.asyncDispose]()
    throw error
  })
  void projector.sweep()
  return {
    listener,
    projector,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await projector[Symbol.asyncDispose]()
    },
  }
}
