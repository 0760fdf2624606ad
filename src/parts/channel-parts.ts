/** The channels of config/channels: their queue and workers, their MLLP and DICOM listeners. */
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import {
  type Channel,
  type Channels,
  type DicomChannel,
  type Hl7Channel,
  loadChannels,
  makeChannels,
  type WakeQueue,
} from '../channels/index.ts'
import { migrateQueue, openWakeQueue, type QueueBackend } from '../jobs/index.ts'
import { buildAck, readIntake, refusalOf } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { uuidv7, type TenantId } from '../kernel/ids.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Endpoint, Part } from '../lifecycle.ts'
import { type ImagingReceiver, receiveImages, type StoredEvent } from '../net/imaging/index.ts'
import { listenMllp, makeAllowList, type MllpServer } from '../net/mllp/index.ts'
import type { Ground } from '../parts.ts'
import { type AuditRecorder, makeJournal } from '../store/index.ts'
import type { AccessParts } from './access-part.ts'
import type { FhirParts } from './fhir-part.ts'
import { loadHl7Transform } from './hl7-transform.ts'
import type { TenantContexts } from './tenant-contexts.ts'
import { makeWorkerThreadPart, type PipelineGround, type WorkerThreadPart } from './worker-part.ts'

/** @param doors what the listeners need beside the pipeline */
export async function makeChannelParts(
  ground: Ground,
  doors: Pick<AccessParts, 'contexts' | 'audit'>,
  fhir: FhirParts,
): Promise<Part[]> {
  const { config } = ground
  if (!config.roles.has('worker') && !config.roles.has('listener')) return []
  const isThreaded = config.roles.has('worker') && config.roles.size > 1
  const thread = isThreaded ? makeWorkerThreadPart(ground) : undefined
  const pipeline = await makePipeline(withPressure(ground, thread), doors.contexts, fhir)
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

/**
 * Mapping a message takes milliseconds in which nothing else runs, so beside a door the workers have a thread of their
 * own: acknowledgements wait for the disk and not for other messages (docs/decisions/0003).
 */
function workersHere({ channels }: Pipeline): Part {
  return { name: 'worker', start: () => channels.startWork(), stop: () => channels.stopWork() }
}

function withPressure(ground: Ground, thread: WorkerThreadPart | undefined): PipelineGround {
  if (thread === undefined) return ground
  const { channels, watchQueues } = ground.metrics
  const received: typeof channels.received = (event) => {
    thread.received()
    channels.received(event)
  }
  return { ...ground, metrics: { channels: { ...channels, received }, watchQueues } }
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
): Promise<Pipeline> {
  const { config, db, databaseUrl, clock, log, metrics, health } = ground
  const loaded = await loadChannels(join(config.configDir, 'channels'), config.variables)
  const enabled = loaded.filter((channel) => channel.enabled)
  const tenants = await tenantsOf(enabled, contexts)
  const backend: QueueBackend =
    config.redisUrl === undefined
      ? { kind: 'postgres', url: databaseUrl }
      : { kind: 'redis', url: config.redisUrl }
  if (backend.kind === 'postgres') await migrateQueue(databaseUrl)
  const wakeQueue = await openWakeQueue({ backend, log })
  const channels = makeChannels({
    channels: loaded,
    tenants,
    journal: makeJournal(db),
    repository: fhir.store.repository,
    wakeQueue,
    transform: await loadHl7Transform(config.configDir, fhir, loaded),
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

function makeMllpPart(
  { log, metrics, health, clock }: Ground,
  channel: Hl7Channel,
  channels: Channels,
): Part {
  const { listen } = channel
  let server: MllpServer | undefined
  return {
    name: `HL7 v2 ${channel.channel}`,
    async start() {
      const intake = channels.intakeFor(channel.channel)
      server = await listenMllp({
        host: listen.host,
        port: listen.port,
        log: log.child({ channel: channel.channel }),
        clock,
        handle: intake,
        oversize: async (head) => refuseOversize(head, clock.now()),
        observe: (event) => metrics.mllp.happened(channel.channel, event.kind),
        maxFrameBytes: listen.maxFrameMiB * 1024 * 1024,
        maxConnections: listen.maxConnections,
        maxInFlight: listen.maxInFlight,
        idleTimeoutMs: listen.idleTimeoutSeconds * 1000,
        allow: listen.allow,
        tls: listen.tls && (await readTls(listen.tls)),
      })
      const open = server
      health.register({ name: `listener ${channel.channel}`, check: async () => requireListening(server) })
      metrics.watchConnections(channel.channel, () => open.connections().length)
      const scheme = listen.tls ? 'mllps' : 'mllp'
      return [
        { name: `HL7 v2 (${channel.channel})`, url: `${scheme}://${listen.host}:${server.port}` },
      ] satisfies Endpoint[]
    },
    async stop() {
      await server?.[Symbol.asyncDispose]()
      server = undefined
    },
  }
}

/** Only its beginning was kept, so it isn't journalled: the sender is told, and the connection ends. */
function refuseOversize(head: Buffer, epochMs: number): Buffer {
  const { error } = refusalOf(new Failure('too-large', 'hl7-frame'))
  return buildAck({
    to: readIntake(head),
    code: 'AR',
    controlId: uuidv7().slice(-20),
    epochMs,
    errors: [error],
  })
}

function makeDicomPart(
  { db, blobs, clock, log, health, metrics }: Ground,
  audit: AuditRecorder,
  { store }: FhirParts,
  channel: DicomChannel,
  tenant: TenantId,
): Part {
  const { listen } = channel
  const stored = (event: StoredEvent) => metrics.dicom.stored({ channel: channel.channel, ...event })
  let receiver: ImagingReceiver | undefined
  return {
    name: `DICOM ${channel.channel}`,
    async start() {
      receiver = await receiveImages(
        { db, blobs, repository: store.repository, audit, clock, log, stored },
        {
          tenant,
          mapping: {
            tenantKey: channel.tenant,
            channel: channel.channel,
            timeZone: makeTimeZone(channel.timeZone),
            identifierSystems: channel.identifierSystems,
            patientIdSystem: channel.patientIdSystem,
          },
          changedInstance: channel.changedInstance,
          quietMs: channel.quietSeconds * 1000,
        },
        {
          host: listen.host,
          port: listen.port,
          aeTitles: [listen.aeTitle],
          callers: listen.callers,
          isAllowed: makeAllowList(listen.allow),
          tls: listen.tls && (await readTls(listen.tls)),
          maxPduLength: listen.maxPduKiB * 1024,
          maxAssociations: listen.maxConnections,
          idleTimeoutMs: listen.idleTimeoutSeconds * 1000,
        },
      )
      const { listener } = receiver
      health.register({ name: `listener ${channel.channel}`, check: async () => requireListening(receiver) })
      metrics.watchConnections(channel.channel, () => listener.associations())
      const place = `${listen.aeTitle}@${listen.host}:${listener.port}`
      return [{ name: `DICOM (${channel.channel})`, url: `dicom://${place}` }]
    },
    async stop() {
      await receiver?.[Symbol.asyncDispose]()
      receiver = undefined
    },
  }
}

function requireListening(listener: object | undefined): void {
  if (listener === undefined) throw new Failure('unavailable', 'listener-stopped')
}

async function readTls(files: NonNullable<Hl7Channel['listen']['tls']>) {
  const [cert, key, ca] = await Promise.all([
    readPem(files.certificate),
    readPem(files.key),
    files.clientAuthority === undefined ? undefined : readPem(files.clientAuthority),
  ])
  return {
    cert,
    key,
    ...(ca && { ca, requireClientCertificate: true, requestCert: true, rejectUnauthorized: true }),
  }
}

async function readPem(file: string): Promise<Buffer> {
  return readFile(file).catch(() => {
    throw new Failure('invalid', 'tls-file', { file })
  })
}
