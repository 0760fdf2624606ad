/** The pipeline of the channels: journal, queue and mapping, as a door or a worker needs it. */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'

import {
  type Channel,
  type Channels,
  type Hl7Channel,
  loadChannels,
  makeChannels,
  makeResponder,
  type WakeQueue,
} from '../channels/index.ts'
import { openWakeQueue } from '../jobs/index.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { Part } from '../lifecycle.ts'
import type { Metrics } from '../metrics.ts'
import type { Ground } from '../parts.ts'
import { type AuditRecorder, makeJournal } from '../store/index.ts'
import type { FhirParts } from './fhir-part.ts'
import { loadHl7Transform } from './hl7-transform.ts'
import { queueBackend } from './queue-backend.ts'
import type { TenantContexts } from './tenant-contexts.ts'
import { makeTenantDictionaries } from './tenant-dictionaries.ts'

/** What the pipeline is made from, here and in the workers' thread. */
export type PipelineGround = Pick<Ground, 'config' | 'db' | 'databaseUrl' | 'clock' | 'log' | 'health'> & {
  readonly metrics: Pick<Metrics, 'channels' | 'watchQueues'>
}

export interface Pipeline {
  readonly channels: Channels
  /** Those that are switched on. */
  readonly hl7: readonly Hl7Channel[]
  readonly tenants: ReadonlyMap<string, TenantId>
  readonly queue: Part
}

/** The channels with their journal, queue and mapping. */
export async function makePipeline(
  ground: PipelineGround,
  contexts: TenantContexts,
  fhir: FhirParts,
  /** Given where there are listeners: they answer queries. */
  audit?: AuditRecorder,
): Promise<Pipeline> {
  const { config, db, clock, log, metrics, health } = ground
  const loaded = await loadChannels(join(config.configDir, 'channels'), config.variables)
  const enabled = loaded.filter((channel) => channel.enabled)
  const tenants = await tenantsOf(enabled, contexts)
  const wakeQueue = await openWakeQueue({ backend: await queueBackend(ground), log })
  const dictionaryOf = makeTenantDictionaries({ db, clock })
  const channels = makeChannels({
    channels: loaded,
    tenants,
    journal: makeJournal(db),
    repository: fhir.store.repository,
    reassignments: fhir.store.reassignments,
    wakeQueue,
    transform: await loadHl7Transform(config.configDir, fhir, loaded),
    dictionaryOf,
    responder: audit && makeResponder({ ...fhir.store, contextOf: contexts.of, clock, audit, dictionaryOf }),
    clock,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    metrics: metrics.channels,
    log,
  })
  health.register({ name: 'queue', check: () => wakeQueue.depth() })
  metrics.watchQueues(() => queueStates(wakeQueue, channels, clock.now()))
  const hl7 = enabled.filter((channel) => channel.source === 'mllp')
  const queue: Part = {
    name: 'queue',
    start: async () => undefined,
    stop: async () => wakeQueue[Symbol.asyncDispose](),
  }
  return { channels, hl7, tenants, queue }
}

/** @throws Failure `invalid`/`channel-tenant` when a channel names a tenant that is not there */
async function tenantsOf(
  channels: readonly Channel[],
  contexts: TenantContexts,
): Promise<Map<string, TenantId>> {
  const found = new Map<string, TenantId>()
  for (const { tenant: key, channel } of channels) {
    const tenant = await contexts.tenants.find(key)
    if (tenant === undefined) throw new Failure('invalid', 'channel-tenant', { channel, tenant: key })
    found.set(key, tenant.id)
  }
  return found
}

async function queueStates(wakeQueue: WakeQueue, channels: Channels, now: number) {
  const depth = await wakeQueue.depth()
  const backlog = await channels.backlog()
  return [
    { queue: 'lanes', depth: { ...depth }, oldestSeconds: 0 },
    ...backlog.map(({ channel, waiting, held, oldest }) => ({
      queue: `messages ${channel}`,
      depth: { waiting, held },
      oldestSeconds: oldest === undefined ? 0 : Math.max(0, (now - oldest) / 1000),
    })),
  ]
}
