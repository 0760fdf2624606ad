/** Queries over a channel's door, answered from a real store: IHE PDQ and PIX. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { makeAuditRecorder } from '../../audit/index.ts'
import { type Hl7Message, parseMessage } from '../../hl7/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { type JsonObject, parseExactObject } from '../../kernel/json.ts'
import { silentLog } from '../../kernel/log.ts'
import { EMPTY_DICTIONARY } from '../../mapping/index.ts'
import { testContext, testStore } from '../../store/testing.ts'
import { labChannel, memoryQueue, peer, testChannels } from '../testing.ts'
import { makeResponder } from './index.ts'

const REGISTRY = 'identifierSystems: { CHU: "https://chu.test/ipp", VIDE: "https://vide.test" }\n'
const CHU = 'https://chu.test/ipp'
const CLINIC = 'urn:oid:1.2.250.1.99.2'

const durand = person('durand', {
  identifier: [
    { system: CHU, value: 'C1', type: { coding: [{ code: 'PI' }] } },
    { system: CLINIC, value: 'K1', assigner: { display: 'CLINIQUE' } },
  ],
  name: [{ use: 'official', family: 'DURAND', given: ['ÉLODIE', 'MARIE'] }],
  gender: 'female',
  birthDate: '1984-03-14',
  address: [{ use: 'home', line: ['12 RUE DES LILAS', 'BÂT. B'], city: 'RENNES', postalCode: '35000' }],
  telecom: [
    { system: 'phone', use: 'home', value: '0299000001' },
    { system: 'email', value: 'elodie@exemple.test' },
  ],
  generalPractitioner: [{ reference: 'Practitioner/martin' }],
})
const others = ['PAUL', 'ANNE', 'LÉA'].map((given, index) =>
  person(`leroy-${index}`, {
    identifier: [{ system: CHU, value: `L${index}` }],
    name: [{ family: 'DURAND-LEROY', given: [given] }],
    birthDate: `197${index}-01-01`,
  }),
)
const replaced = person('ancien', {
  active: false,
  identifier: [{ system: CHU, value: 'OLD1' }],
  name: [{ family: 'DURAND', given: ['ÉLODIE'] }],
  link: [{ type: 'replaced-by', other: { reference: 'Patient/durand' } }],
})
const account = {
  resourceType: 'Account',
  id: 'sejour',
  status: 'active',
  identifier: [{ system: CHU, value: 'NDA7' }],
  subject: [{ reference: 'Patient/durand' }],
}
const martin = {
  resourceType: 'Practitioner',
  id: 'martin',
  identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.1', value: '10001234567' }],
  name: [{ family: 'MARTIN', given: ['PAUL'] }],
}

function person(id: string, more: JsonObject): JsonObject {
  return { resourceType: 'Patient', id, ...more }
}

let database: TestDatabase
let store: ReturnType<typeof testStore>
let audit: ReturnType<typeof makeAuditRecorder>
beforeAll(async () => {
  database = await testDatabase()
  store = testStore(database.db)
  audit = makeAuditRecorder({ db: database.db, log: silentLog })
  await fill(database.tenant, [durand, ...others, replaced, martin, account])
})
afterAll(async () => {
  await audit[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function fill(tenant: TenantId, resources: readonly JsonObject[]): Promise<void> {
  await store.repository.commit(
    tenant,
    resources.map((resource) => ({
      type: String(resource['resourceType']),
      id: String(resource['id']),
      make: () => parseExactObject(JSON.stringify(resource)),
    })),
  )
}

function open(settings = 'queries: answer\n', tenant = database.tenant) {
  const responder = makeResponder({ ...store, contextOf: () => testContext, clock: systemClock, audit })
  const channels = testChannels(database.db, tenant, {
    channels: [labChannel(`${REGISTRY}${settings}`)],
    wakeQueue: memoryQueue(),
    responder,
  })
  return channels.intakeFor('lab')
}

let count = 0
const query = (event: string, qpd: string, ...more: string[]) =>
  Buffer.from(
    [
      `MSH|^~\\&|BORNE|URGENCES|PASSERELLE|CHU|20260309101500||QBP^${event}|Q${++count}|P|2.5`,
      `QPD|IHE Query|T${count}|${qpd}`,
      'RCP|I',
      ...more,
      '',
    ].join('\r'),
  )

async function ask(frame: Buffer, intake = open()): Promise<Hl7Message> {
  return parseMessage((await intake(frame, peer))!)
}

const pdq = (...parameters: string[]) => query('Q22', parameters.join('~'))
const namesIn = (answer: Hl7Message) =>
  answer.segments('PID').map((pid) => [pid.get('5.1'), pid.get('5.2')].join(' '))

describe('a demographics query', () => {
  test('answers RSP^K22 with the whole person', async () => {
    const answer = await ask(pdq('@PID.5.1.1^Durand', '@PID.5.2^elodie'))
    expect([1, 2, 3].map((n) => answer.get(`MSH-9.${n}`))).toEqual(['RSP', 'K22', 'RSP_K21'])
    expect(answer.segments().map(({ name }) => name)).toEqual(['MSH', 'MSA', 'QAK', 'QPD', 'PID', 'PD1'])
    expect(answer.get('MSA-1')).toBe('AA')
    expect(answer.get('MSA-2')).toBe(`Q${count}`)
    expect(answer.segment('QAK')!.raw).toBe(`QAK|T${count}|OK|IHE Query|1|1|0`)
    expect(answer.segment('PID')!.raw).toBe(
      'PID|1||C1^^^CHU&https://chu.test/ipp&URI^PI~K1^^^CLINIQUE&1.2.250.1.99.2&ISO||DURAND^ÉLODIE^MARIE^^^^L||19840314|F|||12 RUE DES LILAS^BÂT. B^RENNES^^35000^^H||0299000001^PRN^PH~^NET^Internet^elodie@exemple.test',
    )
    expect(answer.segment('PD1')!.raw).toBe('PD1||||10001234567^MARTIN^PAUL')
  })

  test.each([
    [['@PID.5.1.1^DURAND'], ['DURAND ÉLODIE']],
    [['@PID.5.1^durand*'], ['DURAND ÉLODIE', 'DURAND-LEROY ANNE', 'DURAND-LEROY LÉA', 'DURAND-LEROY PAUL']],
    [['@PID.5.1^*LEROY', '@PID.5.2^LEA'], ['DURAND-LEROY LÉA']],
    [['@PID.7^19840314'], ['DURAND ÉLODIE']],
    [['@PID.7^1984'], ['DURAND ÉLODIE']],
    [['@PID.8^F'], ['DURAND ÉLODIE']],
    [['@PID.11.3^Rennes', '@PID.11.5^35000'], ['DURAND ÉLODIE']],
    [['@PID.11.1.1^12 rue'], ['DURAND ÉLODIE']],
    [['@PID.13^0299000001'], ['DURAND ÉLODIE']],
    [['@PID.3.1^L1', '@PID.3.4.1^CHU'], ['DURAND-LEROY ANNE']],
    [['@PID.3.1^K1', '@PID.3.4.2^1.2.250.1.99.2', '@PID.3.4.3^ISO'], ['DURAND ÉLODIE']],
    [['@PID.3.1^K1', '@PID.3.4.1^CHU'], []],
    [['@PID.18.1^NDA7'], ['DURAND ÉLODIE']],
    [['@PID.18.1^NDA7', '@PID.18.4.1^CHU', '@PID.8^F'], ['DURAND ÉLODIE']],
    [['@PID.18.1^NDA7', '@PID.18.4.2^1.2.250.1.99.2', '@PID.18.4.3^ISO'], []],
    [['@PID.18.1^NDA8'], []],
    [['@PID.5.1^PERSONNE'], []],
  ])('%j finds %j', async (parameters, expected) => {
    const answer = await ask(pdq(...parameters))
    expect(namesIn(answer).toSorted()).toEqual(expected)
    expect(answer.get('QAK-2')).toBe(expected.length > 0 ? 'OK' : 'NF')
    expect(answer.get('MSA-1')).toBe('AA')
  })

  test('names only numbers of the systems that were asked for, and who has one', async () => {
    const frame = query('Q22', '@PID.5.1^DURAND*|||||^^^CLINIQUE&1.2.250.1.99.2&ISO')
    const answer = await ask(frame)
    expect(namesIn(answer)).toEqual(['DURAND ÉLODIE'])
    expect(answer.segment('PID')!.field(3).raw).toBe('K1^^^CLINIQUE&1.2.250.1.99.2&ISO')
  })

  test('of more than fit goes on where it ended, everybody once', async () => {
    const intake = open()
    const found: string[] = []
    let pointer = ''
    for (let answers = 0; answers < 9; answers++) {
      const frame = query('Q22', '@PID.5.1^DURAND*', ...(pointer === '' ? [] : [`DSC|${pointer}`]))
      const sized = Buffer.from(frame.toString().replace('RCP|I', 'RCP|I|2^RD'))
      const answer = await ask(sized, intake)
      found.push(...namesIn(answer))
      pointer = answer.get('DSC-1') ?? ''
      if (pointer === '') break
    }
    expect(found.toSorted()).toEqual([
      'DURAND ÉLODIE',
      'DURAND-LEROY ANNE',
      'DURAND-LEROY LÉA',
      'DURAND-LEROY PAUL',
    ])
  })

  test('answers in the character set that it was asked in', async () => {
    const frame = pdq('@PID.7^19840314').toString().replace('|P|2.5', '|P|2.5||||||8859/1')
    const answer = (await open()(Buffer.from(frame, 'latin1'), peer))!
    expect(answer.includes(Buffer.from('ÉLODIE', 'latin1'))).toBe(true)
    expect(parseMessage(answer).get('PID-5.2')).toBe('ÉLODIE')
  })
})

describe('what a demographics query gets wrong', () => {
  test.each([
    ['a domain that nobody knows', '@PID.5.1^DURAND|||||^^^CHU~^^^INCONNU', 'QPD^1^8^2^4', '204'],
    ['a field that is no parameter', '@PID.5.1^DURAND~@PID.99^X', 'QPD^1^3^2', '103'],
    ['what is no parameter', 'DURAND', 'QPD^1^3^1', '103'],
    ['nothing at all', '', 'QPD^1^3^1', '101'],
  ])('%s is told with its place', async (_what, qpd, location, code) => {
    const answer = await ask(query('Q22', qpd))
    expect(answer.get('MSA-1')).toBe('AE')
    expect(answer.get('QAK-2')).toBe('AE')
    expect(answer.segment('ERR')!.field(2).raw).toBe(location)
    expect(answer.get('ERR-3.1')).toBe(code)
    expect(answer.segments('PID')).toEqual([])
  })

  test('a continuation that is none is told with its place', async () => {
    const answer = await ask(query('Q22', '@PID.5.1^DURAND', 'DSC|nonsense'))
    expect(answer.segment('ERR')!.field(2).raw).toBe('DSC^1^1^1')
  })

  test('a query of another kind is rejected', async () => {
    const answer = await ask(query('Q99', '@PID.5.1^DURAND'))
    expect([answer.get('MSA-1'), answer.get('ERR-3.1')]).toEqual(['AR', '201'])
  })
})

describe('a cross-reference query', () => {
  const other = (answer: Hl7Message) => answer.segment('PID')?.field(3).raw

  test('answers the other numbers of the person and not her name', async () => {
    const answer = await ask(query('Q23', 'C1^^^CHU'))
    expect([1, 2, 3].map((n) => answer.get(`MSH-9.${n}`))).toEqual(['RSP', 'K23', 'RSP_K23'])
    expect(other(answer)).toBe('K1^^^CLINIQUE&1.2.250.1.99.2&ISO')
    expect(answer.segment('PID')!.raw).not.toContain('DURAND')
    expect(answer.get('QAK-2')).toBe('OK')
  })

  test('of a number that was merged away answers what it is now', async () => {
    expect(other(await ask(query('Q23', 'OLD1^^^CHU|^^^&1.2.250.1.99.2&ISO')))).toContain('K1')
  })

  test('of somebody without other numbers finds nothing', async () => {
    const answer = await ask(query('Q23', 'L1^^^CHU'))
    expect([answer.get('MSA-1'), answer.get('QAK-2'), other(answer)]).toEqual(['AA', 'NF', undefined])
  })

  test.each([
    ['a number that nobody has', 'NIX^^^CHU', 'QPD^1^3^1^1'],
    ['a domain that nobody knows', 'C1^^^INCONNU', 'QPD^1^3^1^4'],
    ['a wanted domain that nobody knows', 'C1^^^CHU|^^^INCONNU', 'QPD^1^4^1^4'],
  ])('%s is told with its place', async (_what, qpd, location) => {
    const answer = await ask(query('Q23', qpd))
    expect([answer.get('MSA-1'), answer.get('QAK-2'), answer.get('ERR-3.1')]).toEqual(['AE', 'AE', '204'])
    expect(answer.segment('ERR')!.field(2).raw).toBe(location)
  })

  test('knows a registered domain without anybody in it', async () => {
    expect((await ask(query('Q23', 'C1^^^CHU|^^^VIDE'))).get('QAK-2')).toBe('NF')
  })
})

test('a domain that the tenant registered as a NamingSystem is known by its names', async () => {
  const dictionary = {
    ...EMPTY_DICTIONARY,
    identifierSystems: new Map([
      ['REGION', CHU],
      ['1.2.250.1.77', CHU],
      ['urn:oid:1.2.250.1.77', CHU],
    ]),
  }
  const responder = makeResponder({
    ...store,
    contextOf: () => testContext,
    clock: systemClock,
    audit,
    dictionaryOf: async () => dictionary,
  })
  const channels = testChannels(database.db, database.tenant, {
    channels: [labChannel('queries: answer\n')],
    wakeQueue: memoryQueue(),
    responder,
  })
  const answer = await ask(query('Q23', 'K1^^^&1.2.250.1.99.2&ISO|^^^REGION'), channels.intakeFor('lab'))
  expect(answer.segment('PID')!.field(3).raw).toBe('C1^^^REGION&1.2.250.1.77&ISO^PI')
})

describe('around a query', () => {
  test('it is kept in the journal, handled by nobody, and audited with whom it showed', async () => {
    await ask(pdq('@PID.5.1^DURAND'))
    const [message] = await database.ownerQuery(
      'select state, last_error from passerelle.message order by id desc limit 1',
    )
    expect(message).toEqual({ state: 'filtered', last_error: 'message-answered' })
    const rows = await database.ownerQuery(
      "select kind, interaction, agent, patients, query from passerelle.audit where interaction = 'patient-demographics-query' order by id desc limit 1",
    )
    expect(rows).toEqual([
      {
        kind: 'query',
        interaction: 'patient-demographics-query',
        agent: 'BORNE|URGENCES',
        patients: 'durand',
        query: expect.stringContaining('@PID.5.1^DURAND'),
      },
    ])
  })

  test('a channel that refuses queries rejects them and shows nothing', async () => {
    const answer = await ask(pdq('@PID.5.1^DURAND'), open(''))
    expect([answer.get('MSA-1'), answer.segments('PID').length]).toEqual(['AR', 0])
  })

  test('another tenant finds nobody and knows none of the domains', async () => {
    const intake = open('queries: answer\n', await database.addTenant('autre'))
    expect((await ask(pdq('@PID.5.1^DURAND'), intake)).get('QAK-2')).toBe('NF')
    expect((await ask(query('Q23', 'K1^^^&1.2.250.1.99.2&ISO'), intake)).get('MSA-1')).toBe('AE')
  })

  test('the same question again is answered anew', async () => {
    const intake = open()
    const frame = pdq('@PID.5.1^DURAND')
    expect(namesIn(await ask(frame, intake))).toEqual(namesIn(await ask(frame, intake)))
  })

  test('in enhanced mode CA comes first and the answer behind it', async () => {
    const frame = pdq('@PID.5.1^DURAND').toString().replace('|P|2.5', '|P|2.5|||AL|AL')
    const followed: (Buffer | undefined)[] = []
    const given: Promise<unknown>[] = []
    const first = await open()(Buffer.from(frame), peer, (body) => {
      given.push(Promise.resolve(body).then((bytes) => followed.push(bytes)))
    })
    await Promise.all(given)
    expect(parseMessage(first!).get('MSA-1')).toBe('CA')
    expect(parseMessage(followed[0]!).get('QAK-2')).toBe('OK')
  })

  test('when the audit trail can’t be written nobody gets an answer', async () => {
    const responder = makeResponder({
      ...store,
      contextOf: () => testContext,
      clock: systemClock,
      audit: { record: () => Promise.reject(new Error('no')) },
    })
    const channels = testChannels(database.db, database.tenant, {
      channels: [labChannel('queries: answer\n')],
      wakeQueue: memoryQueue(),
      responder,
    })
    const answer = await ask(pdq('@PID.5.1^DURAND'), channels.intakeFor('lab'))
    expect([answer.get('MSA-1'), answer.segments('PID').length]).toEqual(['AE', 0])
  })

  test('the end of a query (QCN^J01) is accepted', async () => {
    const frame = Buffer.from('MSH|^~\\&|BORNE|URGENCES|||20260309||QCN^J01|E1|P|2.5\rQID|T1|IHE Query\r')
    expect((await ask(frame)).get('MSA-1')).toBe('AA')
  })
})
