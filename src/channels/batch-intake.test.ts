import { describe, expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { encodeText, parseMessage, readAck, splitBatch } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { makeJournal } from '../store/index.ts'
import type { Intake } from './intake.ts'
import { labChannel, memoryQueue, oru, peer, testChannels } from './testing.ts'

const BHS = 'BHS|^~\\&|LAB|HOSP|EHR|HOSP|20260102||Results||B1\r'
const batch = (messages: readonly Buffer[], trailer = `BTS|${messages.length}\r`): Buffer =>
  Buffer.concat([Buffer.from(BHS), ...messages, Buffer.from(trailer)])

async function withIntake(
  settings: string,
  run: (intake: Intake, database: TestDatabase) => Promise<void>,
): Promise<void> {
  await using database = await testDatabase()
  const { db, tenant } = database
  const channels = testChannels(db, tenant, { channels: [labChannel(settings)], wakeQueue: memoryQueue() })
  await run(channels.intakeFor('lab'), database)
}

const stored = ({ ownerQuery }: TestDatabase) =>
  ownerQuery<{ state: string; last_error: string | null; control_id: string | null; batch: string | null }>(
    'select state, last_error, control_id, batch, batch_position from passerelle.message order by id',
  )

/** Code and control id of each message in an answering batch. */
const answersIn = (answer: Buffer | undefined): string[] =>
  splitBatch(answer!).messages.map(({ bytes }) => {
    const { code, controlId } = readAck(bytes)!
    return `${code} ${controlId}`
  })

describe('a batch', () => {
  test('is taken in as its messages, each with its batch, and answered with a batch that counts right', () =>
    withIntake('', async (intake, database) => {
      const answer = await intake(batch([oru('C1', '1'), oru('C2', '2'), oru('C3', '1')]), peer)
      expect(answersIn(answer)).toEqual(['AA C1', 'AA C2', 'AA C3'])
      const { problems, headers } = splitBatch(answer!)
      expect(problems).toEqual([])
      expect(String(headers[0])).toMatch(/^BHS\|\^~\\&\|EHR\|HOSP\|LAB\|HOSP\|.*\|B1$/)
      expect(await stored(database)).toMatchObject([
        { state: 'filtered', last_error: 'batch-envelope', batch: 'B1', batch_position: 0 },
        { state: 'received', control_id: 'C1', batch: 'B1', batch_position: 1 },
        { state: 'received', control_id: 'C2', batch: 'B1', batch_position: 2 },
        { state: 'received', control_id: 'C3', batch: 'B1', batch_position: 3 },
      ])
    }))

  test('that is sent again is answered with the stored acknowledgements and taken in once', () =>
    withIntake('', async (intake, database) => {
      const sent = batch([oru('C1'), oru('C2')])
      const [first, again] = [await intake(sent, peer), await intake(sent, peer)]
      const messages = (answer: Buffer | undefined) => splitBatch(answer!).messages.map(({ bytes }) => bytes)
      expect(messages(again)).toEqual(messages(first))
      expect(await stored(database)).toHaveLength(3)
    }))

  test('with a message that can’t be read has that one refused and the others taken in', () =>
    withIntake('', async (intake, database) => {
      const answer = await intake(batch([oru('C1'), Buffer.from('MSH|ABC|x\rPID|1\r'), oru('C2')]), peer)
      expect(answersIn(answer)).toEqual(['AA C1', 'AR undefined', 'AA C2'])
      expect((await stored(database)).map(({ state }) => state)).toEqual([
        'filtered',
        'received',
        'refused',
        'received',
      ])
    }))

  test('whose count is wrong, or whose trailer is missing, is refused whole, and the answer says what is wrong', () =>
    withIntake('', async (intake, database) => {
      const short = await intake(batch([oru('C1')], 'BTS|2\r'), peer)
      expect(answersIn(short)).toEqual(['AR B1'])
      expect(short!.toString()).toContain('ERR||BTS^1^1^1|198^')
      expect(short!.toString()).toContain('BTS-1 says 2, 1 came')
      expect(answersIn(await intake(batch([oru('C2')], ''), peer))).toEqual(['AR B1'])
      expect((await stored(database)).map(({ state, last_error }) => `${state} ${last_error}`)).toEqual([
        'refused hl7-batch-count',
        'refused hl7-batch-trailer-missing',
      ])
    }))

  test('whose count is wrong is taken with a warning, when the channel says so', () =>
    withIntake('batch: { mismatch: accept }\n', async (intake, database) => {
      const answer = await intake(batch([oru('C1')], 'BTS|2\r'), peer)
      expect(answersIn(answer)).toEqual(['AA C1', 'AA B1'])
      expect(answer!.toString()).toContain('|W|hl7-batch-count|')
      expect((await stored(database)).map(({ state }) => state)).toEqual(['filtered', 'received'])
    }))

  test.each([
    ['errors', ['AR undefined']],
    ['single', ['AE B1']],
  ])('acknowledge: %s', (acknowledge, expected) =>
    withIntake(`batch: { acknowledge: ${acknowledge} }\n`, async (intake) => {
      const answer = await intake(batch([oru('C1'), Buffer.from('MSH|ABC|x\r')]), peer)
      if (acknowledge === 'single')
        expect(`${readAck(answer!)!.code} ${readAck(answer!)!.controlId}`).toBe('AE B1')
      else expect(answersIn(answer)).toEqual(expected)
    }),
  )

  test('is committed whole or not at all, and then each message is to be sent again', async () => {
    await using database = await testDatabase()
    const { db, tenant, ownerQuery } = database
    await ownerQuery(`alter table passerelle.message add constraint poison check (control_id <> 'C2')`)
    const intake = testChannels(db, tenant, { wakeQueue: memoryQueue() }).intakeFor('lab')
    const [answer, single] = await Promise.all([
      intake(batch([oru('C1'), oru('C2'), oru('C3')]), peer),
      intake(oru('C4'), peer),
    ])
    expect(answersIn(answer)).toEqual(['AE C1', 'AE C2', 'AE C3'])
    expect(readAck(single!)!.code).toBe('AA')
    expect((await stored(database)).map(({ control_id }) => control_id)).toEqual(['C4'])
  })

  test('in UTF-16 is taken in, and answered, in UTF-16', () =>
    withIntake('', async (intake) => {
      const text = BHS + oru('C1').toString() + oru('C2').toString() + 'BTS|2\r'
      const answer = await intake(encodeText(text, 'utf-16le'), peer)
      expect(splitBatch(answer!).charset).toBe('utf-16le')
      expect(answersIn(answer)).toEqual(['AA C1', 'AA C2'])
    }))

  test('of a file is answered with a file', () =>
    withIntake('', async (intake, database) => {
      const file = Buffer.concat([
        Buffer.from('FHS|^~\\&|LAB|HOSP|||||||F1\r'),
        batch([oru('C1')]),
        Buffer.from('FTS|1\r'),
      ])
      const answer = await intake(file, peer)
      expect(answer!.toString()).toMatch(/^FHS\|.*\|F1\rBHS\|.*\|B1\rMSH[^]*BTS\|1\rFTS\|1\r$/)
      expect((await stored(database)).map((row) => row.batch)).toEqual(['F1', 'F1'])
    }))
})

describe('several messages in one frame', () => {
  test('are taken one by one when the channel says so, and each is answered', () =>
    withIntake('severalMessages: split\n', async (intake, database) => {
      const followed: Buffer[] = []
      const both = Buffer.concat([oru('C1', '1'), oru('C2', '2')])
      const first = await intake(both, peer, (body) => void followed.push(body as Buffer))
      expect([first!, ...followed].map((answer) => parseMessage(answer).get('MSA-2'))).toEqual(['C1', 'C2'])
      expect(await stored(database)).toMatchObject([{ control_id: 'C1' }, { control_id: 'C2' }])
    }))
})

describe('frames that are no message', () => {
  test('are kept with their head, their size and the reason, and listed for the operator', async () => {
    await using database = await testDatabase()
    const { db, tenant } = database
    const channels = testChannels(db, tenant, { wakeQueue: memoryQueue() })
    const refuse = channels.refusalFor('lab')
    const answer = await refuse(new Failure('too-large', 'hl7-frame'), oru('BIG'), 200_000_000, peer)
    expect(readAck(answer!)).toMatchObject({ code: 'AR', controlId: 'BIG', errorCodes: ['104'] })
    await refuse(new Failure('invalid', 'hl7-half-frame'), Buffer.from('MSH|^~\\&|LA'), 11, peer)
    expect(await makeJournal(db).listRefused(tenant, 'lab', 10)).toMatchObject([
      { reason: 'hl7-half-frame', size: 11, peer: '10.0.0.7 4000' },
      { reason: 'hl7-frame', size: 200_000_000, controlId: 'BIG', type: 'ORU^R01' },
    ])
    const [row] = await database.ownerQuery<{ bytes: number }>(
      `select octet_length(raw) as bytes from passerelle.message where control_id = 'BIG'`,
    )
    expect(row!.bytes).toBe(oru('BIG').length)
  })

  test('an acknowledgement is kept and never answered', () =>
    withIntake('', async (intake, database) => {
      const ack = Buffer.from('MSH|^~\\&|EHR|HOSP|||20260102||ACK^R01^ACK|A1|P|2.5\rMSA|CA|X1\r')
      expect(await intake(ack, peer)).toBeUndefined()
      expect(await stored(database)).toMatchObject([{ control_id: 'A1' }])
    }))
})
