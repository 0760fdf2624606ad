/** Merges over a real store: HL7 v2.5 chapter 3, §3.6.2. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { exactJsonOf, type JsonObject } from '../kernel/json.ts'
import { commitIdentified } from '../store/index.ts'
import { type Hospital, openTown, type Town } from './hospital.fixture.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town[Symbol.asyncDispose]())

let count = 0
const header = (type: string, at = '20260301100000') =>
  `MSH|^~\\&|ADT|HOSP|EHR|HOSP|${at}||${type}|M${(count += 1)}|P|2.5`
const pid = (number: string, name = 'DUPONT^Marie') => `PID|1||${number}^^^HOSP^PI||${name}|||F`
const pv1 = (visit: string) => `PV1|1|I|W1^R1^B1||||||||||||||||${visit}^^^HOSP^VN`
const text = (...segments: string[]) => segments.join('\r').concat('\r')
const admit = (number: string, visit: string) => text(header('ADT^A01'), pid(number), pv1(visit))
const result = (number: string, order: string) =>
  text(
    header('ORU^R01'),
    pid(number),
    `OBR|1|P${order}^EHR|${order}^LAB|GLU^Glucose^L`,
    'OBX|1|NM|GLU^Glucose^L||5.10|mmol/L|||||F',
  )
const merge = (to: string, from: string, event = 'A40') =>
  text(header(`ADT^${event}`), pid(to), `MRG|${from}^^^HOSP^PI`)

const operator = { id: 'operator', kind: 'client' } as const
const undo = ({ store, tenant }: Hospital, id: unknown) =>
  store.reassignments.undo(tenant, {
    type: 'Patient',
    id: String(id),
    at: Date.now(),
    agent: operator,
  })
const subjectsOf = (resources: readonly JsonObject[]) =>
  resources.map(({ subject }) => (subject as { reference: string }).reference)

/** Who refers to a record, but for the one that replaces it, by a version, and what tells of the merge. */
async function referring({ database, tenant }: Hospital, name: string): Promise<string[]> {
  const rows = await database.ownerQuery<{ name: string; content: JsonObject }>(
    `select type || '/' || id as name, content from passerelle.resource where tenant = $1 and content::text like $2`,
    [tenant, `%"${name}"%`],
  )
  return rows
    .filter(({ content }) => !JSON.stringify(content['link'] ?? []).includes('"replaces"'))
    .filter(({ content }) => !JSON.stringify(content['activity'] ?? {}).includes('A40'))
    .map((row) => row.name)
}

test('every reference to the merged patient becomes one to the survivor, each a new version with its Provenance', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, database, tenant } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), result('2', 'O2'))
  const [survivor, merged] = [await known('Patient', '1'), await known('Patient', '2')]
  await send(merge('1', '2'))
  expect(await hospital.states()).toEqual(Array.from({ length: 4 }, () => ({ state: 'done', reason: null })))
  expect(await referring(hospital, `Patient/${String(merged['id'])}`)).toEqual([])
  for (const type of ['Encounter', 'Observation', 'DiagnosticReport', 'ServiceRequest']) {
    expect(new Set(subjectsOf(await all(type))), type).toEqual(new Set([`Patient/${String(survivor['id'])}`]))
  }
  const [observation] = await all('Observation')
  expect(observation).toMatchObject({ meta: { versionId: '2' } })
  const told = (await all('Provenance')).find(({ activity }) =>
    JSON.stringify(activity).includes('iso-21089-lifecycle'),
  )
  expect(JSON.stringify(told!['target'])).toContain(`Observation/${String(observation!['id'])}`)
  const audits = await database.ownerQuery<{ entities: string }>(
    `select * from passerelle.audit where tenant = $1 and interaction = 'record-merge'`,
    [tenant],
  )
  expect(JSON.stringify(audits)).toContain(String(observation!['id']))
  const patients = await all('Patient')
  expect(patients.map(({ active }) => active)).toEqual([undefined, false])
  expect(patients[0]).toMatchObject({
    identifier: [{ value: '1' }, { value: '2', use: 'old' }],
    link: [{ type: 'replaces', other: { reference: `Patient/${String(merged['id'])}` } }],
  })
})

test('what comes later for the merged number is the survivor’s, and her number stays a former one', async () => {
  await using hospital = await town.hospital()
  const { send, known, all } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), merge('1', '2'))
  await send(result('2', 'O9'), text(header('ADT^A08', '20260302'), pid('2', 'DURAND^Marie'), pv1('V2')))
  const survivor = await known('Patient', '1')
  expect(survivor).toMatchObject({
    name: [{ family: 'DURAND' }],
    identifier: [{ value: '1' }, { value: '2', use: 'old' }],
  })
  expect(subjectsOf(await all('Observation'))).toEqual([`Patient/${String(survivor['id'])}`])
  expect((await all('Patient')).find(({ active }) => active === false)).toMatchObject({
    name: [{ family: 'DUPONT' }],
  })
})

test('merged again, nothing changes; merged back, the message is held', async () => {
  await using hospital = await town.hospital()
  const { send, states, versions } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), merge('1', '2'))
  const before = await versions()
  await send(merge('1', '2'), merge('1', '1'))
  expect(await versions()).toEqual(before)
  await send(merge('2', '1'))
  expect((await states()).at(-1)).toEqual({ state: 'held', reason: 'merge-circular' })
})

test('a patient whom nobody knew is merged all the same: what comes later for her is the survivor’s', async () => {
  await using hospital = await town.hospital()
  const { send, known, all } = hospital
  await send(merge('1', '2'), admit('2', 'V2'))
  const survivor = await known('Patient', '1')
  expect(subjectsOf(await all('Encounter'))).toEqual([`Patient/${String(survivor['id'])}`])
  expect(await all('Patient')).toHaveLength(2)
})

test('a chain of merges ends at its last survivor', async () => {
  await using hospital = await town.hospital()
  const { send, known, all } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), admit('3', 'V3'))
  await send(merge('2', '1'), merge('3', '2'), result('1', 'O1'))
  const last = `Patient/${String((await known('Patient', '3'))['id'])}`
  expect(new Set(subjectsOf([...(await all('Encounter')), ...(await all('Observation'))]))).toEqual(
    new Set([last]),
  )
  await send(merge('9', '1'))
  expect((await hospital.states()).at(-1)).toEqual({ state: 'held', reason: 'merge-elsewhere' })
})

test('several merges of one message are done together', async () => {
  await using hospital = await town.hospital()
  const { send, all, known } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), admit('3', 'V3'), admit('4', 'V4'))
  await send(text(header('ADT^A40'), pid('1'), 'MRG|2^^^HOSP^PI', pid('3'), 'MRG|4^^^HOSP^PI'))
  const ids = [(await known('Patient', '1'))['id'], (await known('Patient', '3'))['id']]
  expect(new Set(subjectsOf(await all('Encounter')))).toEqual(
    new Set(ids.map((id) => `Patient/${String(id)}`)),
  )
})

test('a merge is undone: what it moved goes back, but for what was changed since', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, store, tenant } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), result('2', 'O1'), result('2', 'O2'))
  const [one, two] = [await known('Patient', '1'), await known('Patient', '2')]
  await send(merge('1', '2'))
  const corrected = text(
    header('ORU^R01', '20260303'),
    pid('1'),
    'OBR|1||O2^LAB|GLU^Glucose^L',
    'OBX|1|NM|GLU^Glucose^L||6.20|mmol/L|||||C',
  )
  await send(corrected)
  const undone = await undo(hospital, two['id'])
  const observations = await all('Observation')
  expect(subjectsOf(observations)).toEqual([`Patient/${String(two['id'])}`, `Patient/${String(one['id'])}`])
  expect(undone.kept).toContain(`Observation/${String(observations[1]!['id'])}`)
  expect(await known('Patient', '2')).toMatchObject({ name: two['name'], identifier: two['identifier'] })
  const survivor = await known('Patient', '1')
  expect(survivor['identifier']).toEqual(one['identifier'])
  expect(survivor).not.toHaveProperty('link')
  await send(result('2', 'O5'))
  expect(subjectsOf(await all('Observation')).at(-1)).toBe(`Patient/${String(two['id'])}`)
  expect((await store.reassignments.list(tenant, 10))[0]!.undoneAt).toBeDefined()
  await expect(undo(hospital, two['id'])).rejects.toMatchObject({ code: 'merge-not-found' })
})

test('merges of a chain are undone the last one first', async () => {
  await using hospital = await town.hospital()
  const { send, known, all } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), admit('3', 'V3'))
  const first = await known('Patient', '1')
  const second = await known('Patient', '2')
  await send(merge('2', '1'), merge('3', '2'))
  await expect(undo(hospital, first['id'])).rejects.toMatchObject({ code: 'merge-covered' })
  await undo(hospital, second['id'])
  await undo(hospital, first['id'])
  const own = await Promise.all(['1', '2', '3'].map((number) => known('Patient', number)))
  expect(subjectsOf(await all('Encounter'))).toEqual(own.map(({ id }) => `Patient/${String(id)}`))
})

test('what one message says twice is done once, and merges of one message follow one another', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, states } = hospital
  for (const number of ['1', '2', '3', '4']) await send(admit(number, `V${number}`))
  const pairs = [pid('1'), 'MRG|2^^^HOSP^PI', pid('1'), 'MRG|2^^^HOSP^PI', pid('2'), 'MRG|3^^^HOSP^PI']
  await send(text(header('ADT^A40'), ...pairs))
  const survivor = `Patient/${String((await known('Patient', '1'))['id'])}`
  const other = `Patient/${String((await known('Patient', '4'))['id'])}`
  expect(subjectsOf(await all('Encounter'))).toEqual([survivor, survivor, survivor, other])
  await send(text(header('ADT^A40'), pid('1'), 'MRG|4^^^HOSP^PI', pid('4'), 'MRG|1^^^HOSP^PI'))
  expect((await states()).at(-1)).toEqual({ state: 'held', reason: 'merge-circular' })
})

test('a changed number is another name of the same patient', async () => {
  await using hospital = await town.hospital()
  const { send, all, known } = hospital
  await send(admit('1', 'V1'), merge('7', '1', 'A47'), result('7', 'O1'), result('1', 'O2'))
  expect(await all('Patient')).toHaveLength(1)
  expect(new Set(subjectsOf([...(await all('Encounter')), ...(await all('Observation'))])).size).toBe(1)
  expect(await known('Patient', '7')).toMatchObject({
    identifier: [{ value: '1', use: 'old' }, { value: '7' }],
  })
})

test('a visit moves with what belongs to it, and the rest stays', async () => {
  await using hospital = await town.hospital()
  const { send, all, known } = hospital
  const diagnosed = (visit: string) =>
    text(header('ADT^A01'), pid('2'), pv1(visit), `DG1|1||J45^Asthma^I10|||A`)
  await send(admit('1', 'V1'), diagnosed('V2'), diagnosed('V3'))
  await send(text(header('ADT^A45'), pid('1'), 'MRG|2^^^HOSP^PI||||V2^^^HOSP', pv1('V2')))
  const [one, two] = [await known('Patient', '1'), await known('Patient', '2')]
  const owner = { V2: `Patient/${String(one['id'])}`, V3: `Patient/${String(two['id'])}` }
  for (const visit of ['V2', 'V3'] as const) {
    const encounter = await known('Encounter', visit)
    expect(subjectsOf([encounter])).toEqual([owner[visit]])
    const own = (await all('Condition')).filter(
      (each) => (each['encounter'] as JsonObject)['reference'] === `Encounter/${String(encounter['id'])}`,
    )
    expect(subjectsOf(own)).toEqual([owner[visit]])
  }
})

const moveNumber = (number: string, from: string, to: string) =>
  text(
    header('ADT^A43'),
    `PID|1||${number}^^^HOSP^PI~${to}^^^HOSP^PI||DURAND^Anne|||F`,
    `MRG|${number}^^^HOSP^PI~${from}^^^HOSP^PI`,
  )

test('a patient’s number moves with what is filed under it, and the rest stays', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, states } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'), admit('3', 'V3'), merge('1', '2'))
  const [one, three] = [await known('Patient', '1'), await known('Patient', '3')]
  await send(moveNumber('2', '1', '3'), result('2', 'O2'), result('1', 'O1'))
  expect((await states()).map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'done'))
  const [right, wrong] = [`Patient/${String(three['id'])}`, `Patient/${String(one['id'])}`]
  expect(subjectsOf(await all('Encounter'))).toEqual([wrong, right, right])
  expect(subjectsOf(await all('Observation'))).toEqual([right, wrong])
  const [first, merged, last] = await all('Patient')
  expect(first).toMatchObject({ identifier: [{ value: '1' }] })
  expect(first).not.toHaveProperty('link')
  expect(merged).toMatchObject({
    active: false,
    link: [{ type: 'replaced-by', other: { reference: right } }],
  })
  expect(last).toMatchObject({ link: [{ type: 'replaces' }] })
  const numbers = (last!['identifier'] as JsonObject[]).map(({ value }) => value)
  expect(new Set(numbers)).toEqual(new Set(['2', '3']))
  await send(moveNumber('2', '3', '1'))
  expect(subjectsOf(await all('Encounter'))).toEqual([wrong, wrong, right])
})

test('a record of its own moves whole; a number beside others moves alone; what nobody can tell apart is held', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, states } = hospital
  const listed = (numbers: string, visit: string) =>
    text(header('ADT^A01'), `PID|1||${numbers}||DUPONT^Marie`, pv1(visit))
  await send(admit('1', 'V1'), admit('2', 'V2'), listed('4^^^HOSP^PI~5^^^HOSP^MR', 'V4'))
  const one = `Patient/${String((await known('Patient', '1'))['id'])}`
  const four = `Patient/${String((await known('Patient', '4'))['id'])}`
  await send(moveNumber('2', '9', '1'))
  expect(subjectsOf(await all('Encounter'))).toEqual([one, one, four])
  await send(text(header('ADT^A43'), 'PID|1||5^^^HOSP^MR~1^^^HOSP^PI', 'MRG|5^^^HOSP^MR~4^^^HOSP^PI'))
  expect(subjectsOf(await all('Encounter'))).toEqual([one, one, four])
  await send(text(header('ORU^R01'), 'PID|1||5^^^HOSP^MR', 'OBX|1|NM|GLU^Glucose^L||5.10|mmol/L|||||F'))
  expect(subjectsOf(await all('Observation'))).toEqual([one])
  expect((await known('Patient', '4'))['identifier']).toMatchObject([{ value: '4' }])
  await send(listed('6^^^HOSP^PI~7^^^HOSP^MR', 'V6'), moveNumber('6', '7', '1'))
  expect((await states()).at(-1)).toEqual({ state: 'held', reason: 'move-shared-record' })
})

test.each(['V9', 'V1'])(
  'a visit that gets the number %s as it moves takes along what belongs to it',
  async (number) => {
    await using hospital = await town.hospital()
    const { send, known, all } = hospital
    const diagnosed = text(header('ADT^A01'), pid('2'), pv1('V2'), `DG1|1||J45^Asthma^I10|||A`)
    await send(admit('1', 'V1'), diagnosed)
    await send(text(header('ADT^A45'), pid('1'), 'MRG|2^^^HOSP^PI||||V2^^^HOSP', pv1(number)))
    const visit = await known('Encounter', number)
    const one = `Patient/${String((await known('Patient', '1'))['id'])}`
    expect(subjectsOf([visit, ...(await all('Condition'))])).toEqual([one, one])
    const encounters = (await all('Condition')).map(({ encounter }) => encounter)
    expect(encounters).toEqual([{ reference: `Encounter/${String(visit['id'])}` }])
    await send(text(header('ADT^A08'), pid('1'), pv1('V2'), `DG1|1||E11^Diabetes^I10|||A`))
    expect((await all('Condition')).map(({ encounter }) => encounter)).toEqual([...encounters, ...encounters])
  },
)

test('the move of a visit is taken back: it is the former patient’s with all that came along', async () => {
  await using hospital = await town.hospital()
  const { send, all, known, store, tenant } = hospital
  const diagnosed = text(header('ADT^A01'), pid('2'), pv1('V2'), `DG1|1||J45^Asthma^I10|||A`)
  await send(admit('1', 'V1'), diagnosed)
  const owners = async () => subjectsOf([...(await all('Encounter')), ...(await all('Condition'))])
  const before = await owners()
  await send(text(header('ADT^A45'), pid('1'), 'MRG|2^^^HOSP^PI||||V2^^^HOSP', pv1('V2')))
  expect(new Set(await owners()).size).toBe(1)
  const { id } = await known('Encounter', 'V2')
  const input = { type: 'Encounter', id: String(id), at: Date.now(), agent: operator }
  expect(await store.reassignments.undo(tenant, input)).toMatchObject({ restored: 1, keptCount: 0 })
  expect(await owners()).toEqual(before)
  await expect(store.reassignments.undo(tenant, input)).rejects.toMatchObject({ code: 'merge-not-found' })
})

test('a merged visit is the other one for all that refers to it, and for what comes later', async () => {
  await using hospital = await town.hospital()
  const { send, all, known } = hospital
  const diagnosed = text(header('ADT^A01'), pid('1'), pv1('V2'), `DG1|1||J45^Asthma^I10|||A`)
  await send(admit('1', 'V1'), diagnosed)
  await send(text(header('ADT^A42'), pid('1'), 'MRG|1^^^HOSP^PI||||V2^^^HOSP', pv1('V1')))
  const visit = await known('Encounter', 'V1')
  expect((await all('Condition')).map(({ encounter }) => encounter)).toEqual([
    { reference: `Encounter/${String(visit['id'])}` },
  ])
  await send(text(header('ADT^A08'), pid('1'), pv1('V2'), `DG1|1||E11^Diabetes^I10|||A`))
  expect(new Set((await all('Condition')).map(({ encounter }) => JSON.stringify(encounter))).size).toBe(1)
})

test('a message that looked for its patient before the merge and writes after it looks again', async () => {
  await using hospital = await town.hospital()
  const { send, known, all, store, tenant } = hospital
  await send(admit('1', 'V1'), admit('2', 'V2'))
  const merged = String((await known('Patient', '2'))['id'])
  const gate = Promise.withResolvers<void>()
  const { repository } = store
  const slow = {
    ...repository,
    async commit(...args: Parameters<typeof repository.commit>) {
      await gate.promise
      return repository.commit(...args)
    },
  }
  const late = commitIdentified(
    slow,
    tenant,
    {
      wanted: [],
      records: [{ type: 'Patient', id: merged }],
      changesFor(names) {
        const id = names.get(`Patient/${merged}`) ?? merged
        const note = {
          resourceType: 'Basic',
          code: { text: 'note' },
          subject: { reference: `Patient/${id}` },
        }
        return [
          { type: 'Patient', id, make: () => 'keep' },
          { type: 'Basic', id: 'late', make: () => exactJsonOf(note) },
        ]
      },
    },
    {},
  )
  await send(merge('1', '2'))
  gate.resolve()
  await late
  expect(subjectsOf(await all('Basic'))).toEqual([`Patient/${String((await known('Patient', '1'))['id'])}`])
})

test('linked patients are parted by an unlink', async () => {
  await using hospital = await town.hospital()
  const { send, all } = hospital
  await send(text(header('ADT^A24'), pid('1'), pid('2')))
  expect((await all('Patient')).map(({ link }) => link)).toMatchObject([
    [{ type: 'seealso' }],
    [{ type: 'seealso' }],
  ])
  await send(text(header('ADT^A37'), pid('1'), pid('2')))
  for (const patient of await all('Patient')) expect(patient).not.toHaveProperty('link')
})

test('whatever is merged in whatever order, nobody refers to a merged patient, and undone all is as it was', async () => {
  const numbers = fc.constantFrom('1', '2', '3')
  const merges = fc.uniqueArray(fc.tuple(numbers, numbers), { minLength: 2, maxLength: 4, selector: String })
  await fc.assert(
    fc.asyncProperty(merges, async (pairs) => {
      await using hospital = await town.hospital()
      const { send, all, store, database, tenant } = hospital
      for (const number of ['1', '2', '3'])
        await send(admit(number, `V${number}`), result(number, `O${number}`))
      const owners = async () => subjectsOf([...(await all('Encounter')), ...(await all('Observation'))])
      const before = await owners()
      for (const [to, from] of pairs) {
        await send(merge(to, from))
        // A refused one would hold back those behind it.
        await database.ownerQuery('delete from passerelle.message_turn where tenant = $1', [tenant])
      }
      for (const patient of (await all('Patient')).filter(({ active }) => active === false)) {
        expect(await referring(hospital, `Patient/${String(patient['id'])}`)).toEqual([])
      }
      for (const { from } of await store.reassignments.list(tenant, 100)) await undo(hospital, from)
      expect(await owners()).toEqual(before)
      expect((await all('Patient')).filter(({ active, link }) => active === false || link)).toEqual([])
    }),
    { numRuns: 3 },
  )
})
