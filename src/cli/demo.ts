/**
 * `passerelle demo`: one patient through all three doors of the running server. What comes back is read with the FHIR
 * client of another project, so that the answers are seen as others see them.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { MedplumClient } from '@medplum/core'
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'

import { makeClients, makeTenants } from '../access/index.ts'
import type { Config } from '../config.ts'
import { borrowDatabase } from '../database.ts'
import { syntheticCt } from '../dicom/index.ts'
import { readAck } from '../hl7/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { sendFiles } from '../net/dimse/index.ts'
import { connectMllp } from '../net/mllp/index.ts'
import { openDb } from '../store/index.ts'
import type { Command, Io } from './command.ts'

const SAMPLES = new URL('../../samples/', import.meta.url)
/** By what all three doors name the patient. */
const PATIENT = { system: 'urn:oid:1.2.250.1.999.2', value: '4711' }
const STUDY_UID = '2.25.318674519620427314187120045632181734401'
const SLICES = 3
const PATIENCE_MS = 30_000

export const demo: Command = {
  name: 'demo',
  summary: 'send samples through all doors of the running server and show what they became',
  usage: `Usage: passerelle demo

Sends an admission and a blood count over MLLP, a small CT over DICOM and a Bundle over FHIR to the server that runs
on this machine with this configuration, and prints the resources with their links. Sending them again changes nothing
but the Bundle's own Observation and Appointment.

The client is PASSERELLE_BOOTSTRAP_CLIENT_ID/_SECRET where they are set; otherwise one is made for the demo and revoked
at its end.
`,
  async run(args, io) {
    parseArgs({ args: [...args], options: {} })
    const config = io.config()
    await requireServer(config)
    await withClient(config, io, async (credentials) => show(config, credentials, io))
  },
}

/** Before anything is touched: the data folder of a server that does not run is left alone. */
async function requireServer({ host, httpPort }: Config): Promise<void> {
  const url = `http://${host}:${httpPort}`
  const answer = await fetch(`${url}/health/ready`).catch(() => undefined)
  if (!answer?.ok) throw new Failure('unavailable', 'server-not-running', { url })
}

interface Credentials {
  readonly id: string
  readonly secret: string
}

async function show(config: Config, credentials: Credentials, io: Io): Promise<void> {
  const origin = `http://${config.host}:${config.httpPort}`
  const base = `${origin}/t/${config.bootstrap.tenant}/fhir`
  const medplum = new MedplumClient({
    baseUrl: `${origin}/`,
    fhirUrlPath: `t/${config.bootstrap.tenant}/fhir`,
    cacheTime: 0,
  })
  medplum.setAccessToken(await fetchToken(origin, credentials))

  io.out('HL7 v2 over MLLP\n')
  await sendMessages(config, io)
  const lab = 'identifier=urn:oid:1.2.250.1.999.3|BIO-5561'
  await found(() => medplum.searchOne('DiagnosticReport', lab), 'the laboratory report')
  io.out('\nDICOM\n')
  await sendCt(config, io)
  io.out('\nFHIR\n')
  const bundle = JSON.parse(await readFile(new URL('bundle.json', SAMPLES), 'utf8')) as Bundle
  const answer = await medplum.executeBatch(bundle)
  for (const { response } of answer.entry ?? [])
    io.out(`  ${response?.status}  ${base}/${response?.location}\n`)

  const identifier = `${PATIENT.system}|${PATIENT.value}`
  const patient = await found(() => medplum.searchOne('Patient', { identifier }), 'the patient')
  const about = `subject=Patient/${patient.id}`
  const study = `identifier=urn:dicom:uid|urn:oid:${STUDY_UID}`
  await found(() => medplum.searchOne('ImagingStudy', study), 'the imaging study')

  io.out('\nWhat they became\n')
  const searches = [
    ['Patient', `identifier=${identifier}`],
    ['Encounter', about],
    ['DiagnosticReport', about],
    ['Observation', about],
    ['ImagingStudy', about],
    ['Appointment', `actor=Patient/${patient.id}`],
    ['Provenance', `patient=Patient/${patient.id}`],
  ] as const
  for (const [type, query] of searches) {
    const page = await medplum.search(type, `${query}&_count=100`)
    for (const entry of page.entry ?? []) io.out(line(base, entry))
  }
  const trail = await medplum.search('AuditEvent', `patient=Patient/${patient.id}&_count=1000`)
  io.out(`\n  ${trail.entry?.length ?? 0} AuditEvents: ${base}/AuditEvent?patient=Patient/${patient.id}\n`)
}

async function sendMessages({ host, variables }: Config, io: Io): Promise<void> {
  await using client = await connectMllp({ host, port: Number(variables['PASSERELLE_MLLP_PORT']) })
  for (const name of ['adt-a01.hl7', 'oru-r01.hl7']) {
    const answer = await client.send(await readFile(new URL(name, SAMPLES)))
    const ack = readAck(answer)
    io.out(`  ${ack?.code ?? '??'}  ${fileURLToPath(new URL(name, SAMPLES))}\n`)
  }
}

async function sendCt({ host, variables }: Config, io: Io): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-demo-'))
  try {
    const files = await Promise.all(
      Array.from({ length: SLICES }, async (_, i) => {
        const file = join(folder, `slice-${i + 1}.dcm`)
        await writeFile(file, slice(i + 1))
        return file
      }),
    )
    const port = Number(variables['PASSERELLE_DICOM_PORT'])
    const to = { host, port, callingAeTitle: 'DEMO', calledAeTitle: 'PASSERELLE' }
    for await (const { file, status, comment } of sendFiles(files, to)) {
      io.out(`  0x${(status ?? 0xffff).toString(16).padStart(4, '0')}  ${file} ${comment ?? ''}\n`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function slice(number: number): Buffer {
  return syntheticCt({
    studyUid: STUDY_UID,
    seriesUid: `${STUDY_UID}.1`,
    sopInstanceUid: `${STUDY_UID}.1.${number}`,
    instanceNumber: number,
    size: 64,
    attributes: {
      PatientName: 'MOREAU^Élodie^Anne',
      PatientID: PATIENT.value,
      IssuerOfPatientID: 'HOPITAL',
      IssuerOfPatientIDQualifiersSequence: [
        { UniversalEntityID: PATIENT.system.replace('urn:oid:', ''), UniversalEntityIDType: 'ISO' },
      ],
      PatientBirthDate: '19840229',
      PatientSex: 'F',
      StudyDescription: 'Scanner thoracique',
      BodyPartExamined: 'CHEST',
    },
  })
}

function line(base: string, { resource }: BundleEntry): string {
  if (!resource) return ''
  const version = resource.meta?.versionId ?? '?'
  return `  ${`${resource.resourceType} v${version}`.padEnd(22)} ${summary(resource).padEnd(44)} ${base}/${resource.resourceType}/${resource.id}\n`
}

/** What a person looks for first. */
function summary(resource: Resource): string {
  switch (resource.resourceType) {
    case 'Patient':
      return [resource.name?.[0]?.family, ...(resource.name?.[0]?.given ?? []), resource.birthDate].join(' ')
    case 'Observation': {
      const { valueQuantity: q, valueString, valueCodeableConcept } = resource
      const value = q
        ? `${q.comparator ?? ''}${q.value} ${q.unit ?? ''}`
        : (valueString ?? valueCodeableConcept?.coding?.[0]?.display ?? '')
      return `${resource.code?.coding?.[0]?.display ?? resource.code?.text ?? ''}: ${value}`
    }
    case 'DiagnosticReport':
      return `${resource.code?.coding?.[0]?.display ?? ''} (${resource.status}, ${resource.result?.length ?? 0} results)`
    case 'ImagingStudy':
      return `${resource.description ?? ''} (${resource.numberOfSeries} series, ${resource.numberOfInstances} images)`
    case 'Encounter':
      return `${resource.class?.code ?? ''} ${resource.status}`
    case 'Appointment':
      return `${resource.start} ${resource.status}`
    case 'Provenance':
      return `${resource.target?.length ?? 0} resources of ${resource.meta?.source ?? ''}`
    default:
      return ''
  }
}

/** The pipeline is asynchronous: asks until it is there. */
async function found<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 200) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await sleep(200)
  }
  throw new Failure('timeout', 'demo-not-there', { what })
}

async function fetchToken(origin: string, { id, secret }: Credentials): Promise<string> {
  const answer = await fetch(`${origin}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'system/*.cruds' }),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  if (token === undefined) throw new Failure('unauthenticated', 'token-refused')
  return token
}

async function withClient(
  config: Config,
  io: Io,
  work: (client: Credentials) => Promise<void>,
): Promise<void> {
  const { tenant: key, clientId, clientSecret } = config.bootstrap
  if (clientId !== undefined && clientSecret !== undefined)
    return work({ id: clientId, secret: clientSecret })
  await using database = await borrowDatabase(config, io.log())
  await using db = openDb({ url: database.url })
  const tenant = await makeTenants({ db, clock: systemClock }).find(key)
  if (tenant === undefined) throw new Failure('not-found', 'tenant-unknown', { key })
  const clients = makeClients({ db, clock: systemClock })
  const by = { id: 'passerelle demo', kind: 'system' } as const
  const { client, secret } = await clients.create(
    tenant.id,
    { name: 'demo', scopes: ['system/*.cruds'], roles: [] },
    by,
  )
  try {
    await work({ id: client.id, secret })
  } finally {
    await clients.revoke(tenant.id, client.id, by)
  }
}
