/** The doors at the same instant: HL7 v2 through its whole pipeline, and FHIR over HTTP, on one database. */
import { beforeAll, expect, test } from 'vitest'

import { loadHl7Programs, makeHl7Transform, type Transform } from '../../src/channels/index.ts'
import { labChannel, memoryQueue, oru, peer, testChannels } from '../../src/channels/testing.ts'
import { loadDefinitions, makeElementTree } from '../../src/fhir/index.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { startFhir, type TestFhir } from '../../src/http/fhir/fixture.ts'
import { testStore } from '../../src/store/testing.ts'

let transform: Transform
beforeAll(async () => {
  const tree = makeElementTree(loadDefinitions())
  const { program } = await loadHl7Programs({ folder: 'config/mapping', tree, channels: [] })
  transform = makeHl7Transform(program)
})

const SYSTEM = 'urn:oid:1.2.250.1.999.2'

/** A result for the patient with this number. */
const message = (controlId: string, patient: string) =>
  Buffer.from(oru(controlId, patient).toString().replace('^^^LAB', '^^^HOPITAL&1.2.250.1.999.2&ISO^PI'))

/** The FHIR edge and a lab channel with its workers at work, each with connections of its own. */
async function startDoors() {
  const fhir = await startFhir()
  const { db, tenant } = fhir.database
  const wakeQueue = memoryQueue()
  const { repository } = testStore(db, systemClock, 'enforce')
  const channels = testChannels(db, tenant, { wakeQueue, repository, transform, channels: [labChannel()] })
  await channels.startWork()
  return {
    fhir,
    receive: channels.intakeFor('lab'),
    idle: () => wakeQueue.idle(),
    states: async () => {
      const rows = await fhir.database.ownerQuery<{ state: string; count: string }>(
        'select state, count(*) from passerelle.message group by state',
      )
      return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
    },
    async [Symbol.asyncDispose]() {
      await channels.stopWork()
      await fhir[Symbol.asyncDispose]()
    },
  }
}

const patientsOf = async (fhir: TestFhir, number: string) => {
  const { json } = await fhir.call('GET', `/Patient?identifier=${SYSTEM}|${number}`)
  return ((json.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => resource.id)
}

test('a person who comes by a message and by a conditional create at the same instant is one Patient', async () => {
  await using doors = await startDoors()
  const { fhir } = doors
  const numbers = Array.from({ length: 24 }, (_, i) => `N${i}`)
  const answers = await Promise.all(
    numbers.flatMap((number) => {
      const person = { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: number }] }
      const create = (criteria: string) =>
        fhir.call('POST', '/Patient', person, { 'if-none-exist': criteria })
      return [
        doors.receive(message(`M-${number}`, number), peer).then(() => ({ status: 200 })),
        create(`identifier=${SYSTEM}|${number}`),
        create(`identifier=${number}`),
      ]
    }),
  )
  await doors.idle()
  expect(new Set(answers.map(({ status }) => status)).isSubsetOf(new Set([200, 201]))).toBe(true)
  expect(await doors.states()).toEqual({ done: 24 })
  for (const number of numbers) expect(await patientsOf(fhir, number), number).toHaveLength(1)
})

test('messages go through while their patients are deleted, and nothing dangles', async () => {
  await using doors = await startDoors()
  const { fhir } = doors
  const numbers = Array.from({ length: 6 }, (_, i) => `D${i}`)
  for (let round = 0; round < 6; round++) {
    await Promise.all(
      numbers.map(async (number) => {
        const [known] = await patientsOf(fhir, number)
        await Promise.all([
          doors.receive(message(`M-${number}-${round}`, number), peer),
          known === undefined ? undefined : deleteWithAll(fhir, known),
        ])
      }),
    )
  }
  await doors.idle()
  expect(await doors.states()).toEqual({ done: 36 })
  expect(await dangling(fhir)).toEqual([])
})

test('a message is found by a search parameter of the tenant’s own that came while messages went through', async () => {
  await using doors = await startDoors()
  const { fhir } = doors
  await doors.receive(message('M-before', 'S0'), peer)
  await doors.idle()
  const name = {
    resourceType: 'SearchParameter',
    id: 'number',
    url: 'http://example.org/sp/number',
    name: 'Number',
    description: 'Of the patient, wherever it is from',
    status: 'active',
    code: 'number',
    base: ['Patient'],
    type: 'string',
    expression: 'Patient.identifier.value',
  }
  const receiving = Array.from({ length: 10 }, (_, i) => doors.receive(message(`M-S${i}`, `S${i + 1}`), peer))
  expect((await fhir.call('PUT', '/SearchParameter/number', name)).status).toBe(201)
  await Promise.all(receiving)
  await doors.idle()
  const admin = { authorization: `Bearer ${fhir.database.tenantKey}~cruds~~admin` }
  expect((await fhir.call('POST', '/Patient/$reindex', undefined, admin)).status).toBe(202)
  await doors.receive(message('M-after', 'S11'), peer)
  await Promise.all(fhir.queue.running)
  await doors.idle()
  const { json } = await fhir.call('GET', '/Patient?number=s&_total=accurate&_count=0')
  expect(json.total).toBe(12)
})

/** A Patient and all that refers to her, if nobody comes between. */
async function deleteWithAll(fhir: TestFhir, id: string): Promise<void> {
  const everything = await fhir.database.ownerQuery<{ type: string; id: string }>(
    `select type, id from passerelle.resource where not deleted and content::text like '%Patient/' || $1 || '%'`,
    [id],
  )
  const entry = [{ type: 'Patient', id }, ...everything].map((one) => ({
    request: { method: 'DELETE', url: `${one.type}/${one.id}` },
  }))
  const { status } = await fhir.call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })
  expect([200, 409]).toContain(status)
}

/** References of current resources to what is not there. */
async function dangling({ database }: TestFhir): Promise<string[]> {
  const rows = await database.ownerQuery<{ reference: string }>(`
    select distinct reference #>> '{}' as reference
    from passerelle.resource r
    cross join lateral jsonb_path_query(r.content, 'strict $.**.reference') as reference
    where not r.deleted and reference #>> '{}' not like '#%' and not exists (
      select from passerelle.resource t where t.tenant = r.tenant and not t.deleted
        and reference #>> '{}' = t.type || '/' || t.id)`)
  return rows.map(({ reference }) => reference)
}

test('the answer to an order changes the stored one, without its patient, and makes none where none is stored', async () => {
  await using doors = await startDoors()
  const { fhir } = doors
  const header = (type: string, id: string) =>
    `MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405||${type}|${id}|P|2.5.1`
  const receive = async (...segments: string[]) => {
    await doors.receive(Buffer.from(`${segments.join('\r')}\r`), peer)
    await doors.idle()
  }
  const orders = async () => {
    const { json } = await fhir.call('GET', '/ServiceRequest')
    return ((json.entry ?? []) as { resource: object }[]).map(({ resource }) => resource)
  }
  const answer = (id: string, status: string) =>
    receive(header('ORL^O22^ORL_O22', id), 'MSA|AA|C1', `ORC|OK|CMD1^DPI|F1^LABO||${status}`)

  await answer('C0', 'IP')
  expect(await orders()).toEqual([])
  const patient = 'PID|||IPP1^^^HOPITAL&1.2.250.1.999.2&ISO^PI||DURAND^ÉLODIE'
  await receive(
    header('OML^O21^OML_O21', 'C1'),
    patient,
    'ORC|NW|CMD1^DPI',
    'OBR|1|CMD1^DPI||NFS^Numération^L',
  )
  await answer('C2', 'CM')
  expect(await orders()).toMatchObject([
    {
      status: 'completed',
      intent: 'order',
      code: { coding: [{ code: 'NFS' }] },
      subject: { reference: expect.stringMatching(/^Patient\//) },
      identifier: [{ value: 'CMD1' }, { value: 'F1' }],
      meta: { versionId: '2' },
    },
  ])
  expect(await doors.states()).toEqual({ done: 3 })
  const rows = await fhir.database.ownerQuery<{ result: string[] }>(
    'select result from passerelle.message order by id',
  )
  expect(rows[0]!.result.filter((each) => each.startsWith('ServiceRequest'))).toEqual([])
})
