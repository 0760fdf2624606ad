import { describe, expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { readAck } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import { makeJournal } from '../store/index.ts'
import type { Intake } from './intake.ts'
import { labChannel, memoryQueue, oru, peer, testChannels } from './testing.ts'

async function withIntake(
  settings: string,
  run: (intake: Intake, database: TestDatabase) => Promise<void>,
): Promise<void> {
  await using database = await testDatabase()
  const { db, tenant } = database
  const channels = testChannels(db, tenant, { channels: [labChannel(settings)], wakeQueue: memoryQueue() })
  await run(channels.intakeFor('lab'), database)
}

async function codeOf(intake: Intake, frame: Buffer): Promise<string | undefined> {
  const ack = await intake(frame, peer)
  return ack && readAck(ack)?.code
}

interface Row extends Record<string, unknown> {
  readonly state: string
  readonly last_error: string | null
  readonly control_id: string | null
  readonly lane: string
}

const stored = ({ ownerQuery }: TestDatabase) =>
  ownerQuery<Row>('select *, lane::text as lane from passerelle.message order by id')

/** All lanes of each message. */
const lanes = async ({ ownerQuery }: TestDatabase) =>
  (
    await ownerQuery<{ lanes: string[] }>(
      `select (lane || coalesce(other_lanes, '{}'))::text[] as lanes from passerelle.message order by id`,
    )
  ).map((row) => row.lanes)

describe('the intake of a channel', () => {
  test('stores a message with what an operator looks for, and answers AA', () =>
    withIntake('', async (intake, database) => {
      const frame = oru('C1', '4711')
      const ack = await intake(frame, peer)
      expect(readAck(ack!)).toMatchObject({ code: 'AA', controlId: 'C1' })
      expect(await stored(database)).toMatchObject([
        {
          channel: 'lab',
          peer: '10.0.0.7 4000',
          raw: frame,
          state: 'received',
          sending_application: 'LAB',
          sending_facility: 'HOSP',
          type: 'ORU^R01',
          control_id: 'C1',
          version: '2.5',
          patient: '4711^LAB',
          ack,
        },
      ])
    }))

  test('answers a resend with the same bytes', () =>
    withIntake('', async (intake, database) => {
      const [first, again] = [await intake(oru('C1'), peer), await intake(oru('C1'), peer)]
      expect(again).toEqual(first)
      expect(await stored(database)).toHaveLength(1)
    }))

  test('takes many messages at once in the order in which they came', () =>
    withIntake('', async (intake, database) => {
      const names = Array.from({ length: 300 }, (_, index) => `C${index}`)
      const codes = await Promise.all(names.map((name) => codeOf(intake, oru(name))))
      expect(new Set(codes)).toEqual(new Set(['AA']))
      expect((await stored(database)).map(({ control_id }) => control_id)).toEqual(names)
    }))

  test('leaves an audit row for each message, a resend included', () =>
    withIntake('', async (intake, { ownerQuery }) => {
      await intake(oru('C1'), peer)
      await intake(oru('C1'), peer)
      const rows = await ownerQuery(
        'select interaction, outcome, agent, detail from passerelle.audit order by id',
      )
      const detail = { channel: 'lab', type: 'ORU^R01', controlId: 'C1', message: '1' }
      expect(rows).toMatchObject([
        {
          interaction: 'message-received',
          outcome: 0,
          agent: 'LAB|HOSP',
          detail: { ...detail, receipt: 'stored' },
        },
        {
          interaction: 'message-received',
          outcome: 0,
          agent: 'LAB|HOSP',
          detail: { ...detail, receipt: 'resent' },
        },
      ])
    }))

  test('keeps what it can’t read, answers AR and says nothing of what it is', () =>
    withIntake('', async (intake, database) => {
      expect(await codeOf(intake, Buffer.from('DUPONT JEAN 1 80 05 78 006 084 36'))).toBe('AR')
      expect(await codeOf(intake, Buffer.alloc(0))).toBe('AR')
      const both = Buffer.concat([oru('C1'), oru('C2', '2')])
      expect(await codeOf(intake, both)).toBe('AR')
      const rows = await stored(database)
      expect(rows.map(({ state, last_error }) => [state, last_error])).toEqual([
        ['refused', 'hl7-no-header'],
        ['refused', 'hl7-empty'],
        ['refused', 'hl7-several-messages'],
      ])
      const audit = await database.ownerQuery<{ row: string }>(
        'select row_to_json(a)::text as row from passerelle.audit a',
      )
      expect(audit.map(({ row }) => row).join()).not.toMatch(/DUPONT/)
    }))

  test('answers in enhanced mode when the message asks for it', () =>
    withIntake('', async (intake) => {
      expect(await codeOf(intake, oru('C1', '1', '|||AL|NE'))).toBe('CA')
      expect(await codeOf(intake, oru('C2', '1', '|||NE|NE'))).toBeUndefined()
      expect(await codeOf(intake, oru('C3', '1', '|||ER|NE'))).toBeUndefined()
    }))

  test('never answers when the channel says so, and stores all the same', () =>
    withIntake('acknowledge: never\n', async (intake, database) => {
      expect(await intake(oru('C1'), peer)).toBeUndefined()
      expect(await intake(Buffer.from('junk'), peer)).toBeUndefined()
      expect(await stored(database)).toHaveLength(2)
    }))

  test('handles a control id with other bytes as a new message, or answers AE, as the channel says', async () => {
    await withIntake('', async (intake, database) => {
      expect([await codeOf(intake, oru('C1', '1')), await codeOf(intake, oru('C1', '2'))]).toEqual([
        'AA',
        'AA',
      ])
      expect((await stored(database)).map(({ state }) => state)).toEqual(['received', 'received'])
    })
    await withIntake('reusedControlId: refuse\n', async (intake, database) => {
      expect([await codeOf(intake, oru('C1', '1')), await codeOf(intake, oru('C1', '2'))]).toEqual([
        'AA',
        'AE',
      ])
      expect((await stored(database)).map(({ state }) => state)).toEqual(['received', 'refused'])
    })
  })

  test.each([
    ['patient', 2],
    ['sender', 1],
    ['channel', 1],
    ['none', 3],
  ])('order: %s makes %i lanes of three messages of two patients', (order, lanes) =>
    withIntake(`order: ${order}\n`, async (intake, database) => {
      await Promise.all([
        intake(oru('C1', '1'), peer),
        intake(oru('C2', '2'), peer),
        intake(oru('C3', '1'), peer),
      ])
      expect(new Set((await stored(database)).map(({ lane }) => lane)).size).toBe(lanes)
    }),
  )

  test('a merge is put into the lanes of all its patients', () =>
    withIntake('', async (intake, database) => {
      const merge = Buffer.from(
        'MSH|^~\\&|ADT|HOSP|||20260102||ADT^A40|M1|P|2.5\rPID|1||1^^^LAB\rMRG|2^^^LAB\rPID|1||1^^^LAB\rMRG|3^^^LAB\r',
      )
      for (const patient of ['1', '2', '3']) await intake(oru(`C${patient}`, patient), peer)
      await intake(merge, peer)
      const [one, two, three, all] = await lanes(database)
      expect(all).toEqual([...one!, ...two!, ...three!])
    }))

  test('the lane is that of the number which makes the patient’s id, whatever stands first and whoever spells it', () =>
    withIntake('', async (intake, database) => {
      const [mine, other] = ['7^^^HOSP&1.2.3&ISO^PI', '9^^^ELSE^XX']
      for (const identifiers of ['7^^^&1.2.3&ISO^PI', `${mine}~${other}`, `${other}~${mine}`]) {
        const text = `MSH|^~\\&|ADT|HOSP|||20260102||ADT^A08|${identifiers.length}${identifiers[0]}|P|2.5\rPID|1||${identifiers}\r`
        await intake(Buffer.from(text), peer)
      }
      expect(new Set((await lanes(database)).flat()).size).toBe(1)
    }))

  test('what names no patient has the lane of its order, and others of its sender do not wait for it', () =>
    withIntake('', async (intake, database) => {
      const answer = (id: string, order: string) =>
        Buffer.from(`MSH|^~\\&|LAB|HOSP|||20260102||ORL^O22|${id}|P|2.5\rMSA|AA|1\rORC|OK|${order}^EHR\r`)
      for (const [id, order] of [
        ['A1', 'P1'],
        ['A2', 'P2'],
        ['A3', 'P1'],
      ] as const)
        await intake(answer(id, order), peer)
      const [first, other, again] = await lanes(database)
      expect(again).toEqual(first)
      expect(other).not.toEqual(first)
    }))
})

describe('when the journal cannot be written', () => {
  async function refusedBy(failure: Failure, frame: Buffer): Promise<string | undefined> {
    await using database = await testDatabase()
    const journal = { ...makeJournal(database.db), append: () => Promise.reject(failure) }
    const channels = testChannels(database.db, database.tenant, { journal, wakeQueue: memoryQueue() })
    return codeOf(channels.intakeFor('lab'), frame)
  }

  test('the sender is told to send again, in the mode that it speaks', async () => {
    const away = new Failure('unavailable', 'database-unavailable')
    expect(await refusedBy(away, oru('C1'))).toBe('AE')
    expect(await refusedBy(away, oru('C1', '1', '|||AL|NE'))).toBe('CE')
    expect(await refusedBy(new Failure('internal', 'unexpected'), oru('C1'))).toBe('AE')
  })

  test('a connection that breaks before the commit leaves no message that was acknowledged', async () => {
    await using database = await testDatabase()
    const { db, tenant, ownerQuery } = database
    const intake = testChannels(db, tenant, { wakeQueue: memoryQueue() }).intakeFor('lab')
    await intake(oru('C0'), peer)
    await ownerQuery('alter table passerelle.message add constraint full_disk check (false) not valid')
    expect(await codeOf(intake, oru('C1'))).toBe('AE')
    await ownerQuery('alter table passerelle.message drop constraint full_disk')
    expect(await codeOf(intake, oru('C1'))).toBe('AA')
    expect((await stored(database)).map(({ control_id }) => control_id)).toEqual(['C0', 'C1'])
  })

  test('a message that can’t be stored does not fail those that came with it', async () => {
    await using database = await testDatabase()
    const { db, tenant, ownerQuery } = database
    await ownerQuery(`alter table passerelle.message add constraint poison check (control_id <> 'C2')`)
    const intake = testChannels(db, tenant, { wakeQueue: memoryQueue() }).intakeFor('lab')
    const codes = await Promise.all(['C1', 'C2', 'C3'].map((name) => codeOf(intake, oru(name))))
    expect(codes).toEqual(['AA', 'AE', 'AA'])
  })
})
