/** The MLLP and DICOM listeners of the channels. */
import { readFile } from 'node:fs/promises'

import type { Channels, DicomChannel, Hl7Channel } from '../channels/index.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Endpoint, Part } from '../lifecycle.ts'
import { type ImagingReceiver, receiveImages, type StoredEvent } from '../net/imaging/index.ts'
import { type BrokenFrame, listenMllp, makeAllowList, type MllpServer } from '../net/mllp/index.ts'
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
      const refuse = channels.refusalFor(channel.channel)
      server = await listenMllp({
        host: listen.host,
        port: listen.port,
        log: log.child({ channel: channel.channel }),
        clock,
        handle: channels.intakeFor(channel.channel),
        broken: (kind, head, bytes, peer) => answerBroken(kind, refuse(BROKEN[kind], head, bytes, peer)),
        observe: (event) => metrics.mllp.happened(channel.channel, event.kind),
        maxFrameBytes: listen.maxFrameMiB * 1024 * 1024,
        maxConnections: listen.maxConnections,
        maxConnectionsPerPeer: listen.maxConnectionsPerAddress,
        maxInFlight: listen.maxInFlight,
        idleTimeoutMs: listen.idleTimeoutSeconds * 1000,
        allow: listen.allow,
        tls: listen.tls && { ...(await readTls(listen.tls)), clients: listen.tls.clients },
      })
      const open = server
      health.register({ name: `listener ${channel.channel}`, check: async () => requireListening(server) })
      metrics.watchConnections(channel.channel, () => open.connections().length)
      const scheme = listen.tls ? 'mllps' : 'mllp'
      return [
        { name: `HL7 v2 (${channel.channel})`, url: `${scheme}://${bracketed(listen.host)}:${server.port}` },
      ] satisfies Endpoint[]
    },
    async stop() {
      channels.stopWaiting()
      await server?.[Symbol.asyncDispose]()
      server = undefined
    },
  }
}

const BROKEN: Readonly<Record<BrokenFrame, Failure>> = {
  oversize: new Failure('too-large', 'hl7-frame'),
  'half-frame': new Failure('invalid', 'hl7-half-frame'),
}

/** Who broke off doesn't wait for an answer: it would be taken for that of the next message. */
async function answerBroken(
  kind: BrokenFrame,
  answer: Promise<Buffer | undefined>,
): Promise<Buffer | undefined> {
  const given = await answer
  return kind === 'oversize' ? given : undefined
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

/** An IPv6 address stands in brackets in a URL. */
function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
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
