/** What runs for the channels of config/channels: their queue, their workers, their listeners. */
import type { Part } from '../lifecycle.ts'
import type { Ground } from '../parts.ts'
import type { AccessParts } from './access-part.ts'
import type { FhirParts } from './fhir-part.ts'
import { makeDicomPart, makeMllpPart } from './listener-parts.ts'
import { makePipeline, type Pipeline, type PipelineGround } from './pipeline.ts'
import { makeWorkerThreadPart, type WorkerThreadPart } from './worker-part.ts'

/** @param doors what the listeners need beside the pipeline */
export async function makeChannelParts(
  ground: Ground,
  doors: Pick<AccessParts, 'contexts' | 'audit'>,
  fhir: FhirParts,
): Promise<Part[]> {
  const { config } = ground
  if (!config.roles.has('worker') && !config.roles.has('listener')) return []
  // Mapping a message takes milliseconds in which nothing else runs, so beside a door the workers have a thread of their
  // own: acknowledgements wait for the disk and not for other messages (docs/decisions/0003).
  const isThreaded = config.roles.has('worker') && config.roles.size > 1
  const thread = isThreaded ? makeWorkerThreadPart(ground) : undefined
  const pipeline = await makePipeline(withPressure(ground, thread), doors.contexts, fhir, doors.audit)
  const parts = [pipeline.queue]
  if (pipeline.hl7.length > 0 && config.roles.has('worker')) parts.push(thread ?? workersHere(pipeline))
  if (config.roles.has('listener')) {
    parts.push(...pipeline.hl7.map((channel) => makeMllpPart(ground, channel, pipeline.channels)))
    for (const channel of pipeline.channels.enabled) {
      if (channel.source !== 'dicom') continue
      parts.push(makeDicomPart(ground, doors.audit, fhir, channel, pipeline.tenants.get(channel.tenant)!))
    }
  }
  return parts
}

function workersHere({ channels }: Pipeline): Part {
  return { name: 'worker', start: () => channels.startWork(), stop: () => channels.stopWork() }
}

/** Each message at a door is also told to the workers' thread, which gives way while many come. */
function withPressure(ground: Ground, thread: WorkerThreadPart | undefined): PipelineGround {
  if (thread === undefined) return ground
  const { channels, watchQueues } = ground.metrics
  const received: typeof channels.received = (event) => {
    thread.received()
    channels.received(event)
  }
  return { ...ground, metrics: { channels: { ...channels, received }, watchQueues } }
}
