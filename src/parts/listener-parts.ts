/** The MLLP and DICOM listeners of the channels. */
import { readFile } from 'node:fs/promises'

import type { Channels, DicomChannel, Hl7Channel } from '../channels/index.ts'
import { buildAck, readIntake, refusalOf } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { uuidv7, type TenantId } from '../kernel/ids.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Endpoint, Part } from '../lifecycle.ts'
import { type ImagingReceiver, receiveImages, type StoredEvent } from '../net/imaging/index.ts'
import { listenMllp, makeAllowList, type MllpServer } from '../net/mllp/index.ts'
import type { Ground } from '../parts.ts'
import type { AuditRecorder } from '../store/index.ts'
import type { FhirParts } from './fhir-part.ts'

export function makeMllpPart(
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

export function makeDicomPart(
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
