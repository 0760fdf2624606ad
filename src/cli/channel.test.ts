import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { readConfig } from '../config.ts'
import { silentLog } from '../kernel/log.ts'
import { makeJournal } from '../store/index.ts'
import { testStore } from '../store/testing.ts'
import type { Io } from './command.ts'
import { runCli } from './run.ts'

const ORU = [
  'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102030405+0100||ORU^R01^ORU_R01|C1|P|2.5',
  'PID|1||4711^^^LAB^PI||MARTIN^ANNE||19800102|F',
  'OBR|1|P1|F1|GLU^Glucose^L|||20260102030000+0100||||||||||||||||||F',
  'OBX|1|NM|GLU^Glucose^L||5.10|mmol/L|3.9-6.1|N|||F',
  '',
].join('\r')

interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in a copy of the configuration, with what a test adds to it. */
async function call(
  words: string,
  given: { input?: string; files?: Record<string, string>; database?: TestDatabase } = {},
): Promise<Called> {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-channel-'))
  await cp('config', folder, { recursive: true })
  for (const [name, text] of Object.entries(given.files ?? {})) await writeFile(join(folder, name), text)
  const seen = { out: '', err: '' }
  const io: Io = {
    out: (text) => void (seen.out += text),
    err: (text) => void (seen.err += text),
    input: Readable.from([Buffer.from(given.input ?? '')]),
    config: () =>
      readConfig({
        PASSERELLE_CONFIG_DIR: folder,
        PASSERELLE_DATABASE_URL: given.database?.url ?? 'postgres://127.0.0.1:1/none',
        PASSERELLE_BOOTSTRAP_TENANT: given.database?.tenantKey ?? 'demo',
      }),
    log: () => silentLog,
    untilStopped: () => new Promise(() => undefined),
  }
  try {
    return { code: await runCli(['channel', ...words.split(' ')], io), ...seen }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('list says where each channel listens and whose it is', async () => {
  const { code, out } = await call('list')
  expect(code).toBe(0)
  expect(out).toMatch(
    /^imaging\tdicom:\/\/127\.0\.0\.1:11112\tdemo\ton\t.*\nlab\tmllp:\/\/127\.0\.0\.1:2575\tdemo\ton\t/,
  )
})

test('validate finds the files that come with the program right', async () => {
  expect(await call('validate')).toEqual({ code: 0, out: '2 channels are right\n', err: '' })
})

test('validate names file and line of what is wrong', async () => {
  const files = {
    'channels/lab.yaml': 'channel: lab\ntenant: demo\nsource: mllp\nlisten: { port: many }\nordre: none\n',
  }
  const { code, err } = await call('validate', { files })
  expect(code).toBe(1)
  expect(err).toContain('lab.yaml:4 listen.port')
  expect(err).toContain('lab.yaml:5 ordre: there is no such setting')
})

test('validate knows the switches of the mapping tables', async () => {
  const lab =
    'channel: lab\ntenant: demo\nsource: mllp\nlisten: { port: 0 }\nmapping: { switches: { next-of-kin: NAME } }\n'
  expect(
    (await call('validate', { files: { 'channels/lab.yaml': lab.replace('NAME', 'contact') } })).code,
  ).toBe(0)
  const { code, err } = await call('validate', {
    files: { 'channels/lab.yaml': lab.replace('NAME', 'cousin') },
  })
  expect(code).toBe(1)
  expect(err).toContain('next-of-kin')
})

test('test prints the transaction that a message would make, decimals as sent, without a server', async () => {
  const { code, out } = await call('test lab --format bundle', { input: ORU })
  expect(code).toBe(0)
  const bundle = JSON.parse(out)
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'transaction' })
  const types = bundle.entry.map(
    (entry: { resource: { resourceType: string } }) => entry.resource.resourceType,
  )
  expect(types).toEqual(expect.arrayContaining(['Patient', 'Observation', 'DiagnosticReport', 'Provenance']))
  expect(out).toContain('"value": 5.10')
  for (const { request, resource } of bundle.entry) {
    expect(request).toEqual({ method: 'PUT', url: `${resource.resourceType}/${resource.id}` })
    expect(resource.meta.source).toBe('urn:passerelle:lab#C1')
  }
})

test('test --trace says for each element which rows made it and what field they read', async () => {
  const text = await call('test lab --trace', { input: ORU })
  expect(text.code).toBe(0)
  expect(text.out).toMatch(
    /^ {2}name\[0\]\.family +"\S+" +PID-5\.1\.1 +segments\/PID\.Patient\.tsv#PID-5 > datatypes\/XPN\.HumanName\.tsv#XPN\.1/m,
  )
  const json = await call('test lab --trace --format json', { input: ORU })
  expect(JSON.parse(json.out)).toContainEqual(
    expect.objectContaining({
      element: 'Observation.valueQuantity.value',
      value: 5.1,
      field: expect.stringMatching(/^OBX-5/),
      rows: expect.arrayContaining([
        expect.objectContaining({ file: 'segments/OBX.Observation.tsv', own: false }),
      ]),
    }),
  )
  expect(await call('test lab --trace --format bundle', { input: ORU })).toMatchObject({ code: 2 })
}, 20_000)

test('test takes a framed message and one with line feeds all the same', async () => {
  const plain = await call('test lab', { input: ORU })
  const framed = await call('test lab -', { input: `\x0b${ORU}\x1c\r` })
  const lines = await call('test lab', { input: ORU.replaceAll('\r', '\n') })
  expect([framed, lines]).toEqual([plain, plain])
})

test('test translates with the ConceptMaps of the tenant when a database is at hand', async () => {
  await using database = await testDatabase()
  const map = {
    resourceType: 'ConceptMap',
    id: 'labo',
    status: 'active',
    group: [
      {
        source: 'urn:passerelle:cs:HOSP:L',
        target: 'http://loinc.org',
        element: [{ code: 'GLU', target: [{ code: '2345-7', equivalence: 'equivalent' }] }],
      },
    ],
  }
  const make = () => ({ value: map as never, exact: map as never })
  await testStore(database.db).repository.commit(database.tenant, [{ type: 'ConceptMap', id: 'labo', make }])
  const codesOf = ({ out }: Called) => /"code": "2345-7"/.test(out)
  const asked = await call('test lab', { input: ORU, database })
  expect({ code: asked.code, translated: codesOf(asked), err: asked.err }).toEqual({
    code: 0,
    translated: true,
    err: expect.not.stringContaining('without the ConceptMaps') as unknown,
  })
  expect(codesOf(await call('test lab --offline', { input: ORU, database }))).toBe(false)
  const alone = await call('test lab', { input: ORU })
  expect([alone.code, codesOf(alone)]).toEqual([0, false])
  expect(alone.err).toContain('without the ConceptMaps and NamingSystems of demo: database-unreachable')
})

test('test reads what the channel’s format is, each message of a file', async () => {
  const lab = 'channel: lab\ntenant: demo\nsource: mllp\nformat: hprim\npreset: france\nlisten: { port: 0 }\n'
  const patients = ['1|A1|||DURAND~ANNE', '2|A2|||DURAND~PAUL'].map((patient) => `P|${patient}\r`)
  const input = `H|~^\\&|F1||LAB||ORU|||CAB||P|H2.3|20260102\r${patients.join('')}L|1\r`
  const files = { 'channels/lab.yaml': lab }
  const { code, out } = await call('test lab --format list', { files, input })
  expect({ code, patients: out.match(/^Patient\//gm)?.length }).toEqual({ code: 0, patients: 2 })
  expect((await call('test lab', { files, input: ORU })).code).toBe(1)
})

test('test says what the channel would do with a message that it does not map or can’t read', async () => {
  const unmapped = await call('test lab', { input: ORU.replace('ORU^R01^ORU_R01', 'ZZZ^Z99') })
  expect(unmapped).toMatchObject({ code: 0, err: expect.stringContaining('message-not-mapped') })
  expect(await call('test lab', { input: 'not HL7' })).toMatchObject({ code: 1, out: '' })
  expect(await call('test lab', { input: ORU + ORU })).toMatchObject({ code: 1, out: '' })
  expect(await call('test lab no-such-file')).toMatchObject({
    code: 1,
    err: 'passerelle: no-such-file cannot be read\n',
  })
  expect(await call('test nothing', { input: ORU })).toMatchObject({
    code: 1,
    err: 'passerelle: there is no channel nothing\n',
  })
  expect(await call('test imaging', { input: ORU })).toMatchObject({ code: 1 })
})

test('held, release and skip work on the journal', async () => {
  await using database = await testDatabase()
  const journal = makeJournal(database.db)
  const stored = await journal.append(
    database.tenant,
    ['A', 'B'].map((controlId) => ({
      channel: 'lab',
      receivedAt: Date.UTC(2026, 0, 2),
      peer: '',
      raw: Buffer.from(controlId),
      header: { controlId, type: 'ORU^R01' },
      lane: '1',
      state: 'received' as const,
    })),
  )
  const [id] = stored.map((receipt) => receipt.id)
  const hold = () =>
    journal.recordFailure(
      database.tenant,
      { id: id!, lane: '1', otherLanes: [], attempts: 0 },
      { code: 'validation-failed', next: 'hold' },
    )
  await hold()
  expect(await call('held lab', { database })).toEqual({
    code: 0,
    out: `${id}\t2026-01-02T00:00:00.000Z\tORU^R01\tA\tvalidation-failed\t1 behind\n`,
    err: '',
  })
  expect((await call(`release lab ${id}`, { database })).code).toBe(0)
  expect((await call('held lab', { database })).out).toBe('')
  expect(await call(`skip lab ${id}`, { database })).toMatchObject({
    code: 1,
    err: `lab holds no message ${id}\n`,
  })
  await hold()
  expect((await call(`skip lab ${id}`, { database })).code).toBe(0)
  expect(await database.ownerQuery('select state from passerelle.message order by id')).toEqual([
    { state: 'skipped' },
    { state: 'received' },
  ])
})

test('refused lists what the door did not take, with the reason and its size', async () => {
  await using database = await testDatabase()
  const refused = {
    channel: 'lab',
    receivedAt: Date.UTC(2026, 0, 2),
    peer: '10.0.0.7 4000',
    raw: Buffer.from('MSH|'),
    header: {},
    lane: '1',
    state: 'refused' as const,
  }
  await makeJournal(database.db).append(database.tenant, [
    { ...refused, reason: 'hl7-frame', fullSize: 200_000_000 },
    { ...refused, raw: Buffer.from('MSH|2'), reason: 'hl7-batch-count', batch: { id: 'B1', position: 1 } },
  ])
  const { code, out } = await call('refused lab', { database })
  expect(code).toBe(0)
  expect(out).toBe(
    '2\t2026-01-02T00:00:00.000Z\t\t\thl7-batch-count\t5 bytes\t10.0.0.7 4000\tbatch B1\n' +
      '1\t2026-01-02T00:00:00.000Z\t\t\thl7-frame\t200000000 bytes\t10.0.0.7 4000\n',
  )
})

test('a call that makes no sense shows the usage', async () => {
  for (const words of ['', 'test', 'list lab', 'release lab', 'release lab one', 'test lab - --format xml']) {
    expect(await call(words)).toMatchObject({
      code: 2,
      err: expect.stringContaining('Usage: passerelle channel list'),
    })
  }
})
