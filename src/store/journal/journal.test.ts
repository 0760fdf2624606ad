import { describe, expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { AuditRow } from '../audit.ts'
import { openDb } from '../db.ts'
import { isNotHead, type Lane, makeJournal, type Journal, type NewMessage, type Receipt } from './index.ts'

const AT = Date.UTC(2026, 0, 2, 3, 4, 5)

function message(controlId: string, given: Partial<NewMessage> = {}): NewMessage {
  return {
    channel: 'lab',
    receivedAt: AT,
    peer: '127.0.0.1 4000',
    raw: Buffer.from(`MSH|^~\\&|LAB|HOSP|||20260102||ORU^R01|${controlId}\r`),
    header: { sendingApplication: 'LAB', sendingFacility: 'HOSP', controlId },
    lane: '1',
    state: 'received',
    ack: Buffer.from(`ACK of ${controlId}`),
    ...given,
  }
}

async function withJournal(run: (journal: Journal, database: TestDatabase) => Promise<void>): Promise<void> {
  await using database = await testDatabase()
  await run(makeJournal(database.db), database)
}

function finish(
  journal: Journal,
  { db, tenant }: Pick<TestDatabase, 'db' | 'tenant'>,
  id: string,
  lane: Lane = '1',
  otherLanes: readonly Lane[] = [],
): Promise<void> {
  return db.transaction(tenant, async (tx) => {
    journal.finish(
      tx,
      { id, lane, otherLanes, attempts: 0 },
      { state: 'done', finishedAt: AT, written: ['Patient/1/_history/1'], warnings: 0 },
    )
  })
}

const DECISIONS = `select interaction from passerelle.audit where interaction <> 'message-received'`
const ids = (receipts: readonly Receipt[]) => receipts.map(({ id }) => id)
const open = async (journal: Journal, { tenant }: TestDatabase, lane: Lane) =>
  (await journal.readLane(tenant, lane, 10)).map(({ id }) => id)

describe('appending', () => {
  test('keeps raw bytes as they came and numbers messages in the order given', () =>
    withJournal(async (journal, database) => {
      const raws = [
        Buffer.from([0, 255, 13, 28]),
        Buffer.alloc(0),
        Buffer.from('é', 'latin1'),
        Buffer.alloc(100_000, 7),
      ]
      const receipts = await journal.append(
        database.tenant,
        raws.map((raw, index) => message(`C${index}`, { raw })),
      )
      expect(receipts.map(({ did }) => did)).toEqual(['stored', 'stored', 'stored', 'stored'])
      const stored = await journal.readLane(database.tenant, '1', 10)
      expect(stored.map(({ id }) => id)).toEqual(ids(receipts))
      expect(stored.map(({ raw }) => raw)).toEqual(raws)
    }))

  test('answers a resend with the stored acknowledgement, byte for byte, and stores nothing', () =>
    withJournal(async (journal, { tenant, ownerQuery }) => {
      const [first] = await journal.append(tenant, [message('C1')])
      const [again] = await journal.append(tenant, [message('C1', { ack: Buffer.from('another ACK') })])
      expect(again).toEqual({ ...first, did: 'resent' })
      expect(again!.ack).toEqual(Buffer.from('ACK of C1'))
      expect(await ownerQuery('select from passerelle.message')).toHaveLength(1)
    }))

  test('recognises a resend inside the same group', () =>
    withJournal(async (journal, { tenant, ownerQuery }) => {
      const group = [message('C1'), message('C2'), message('C1', { ack: Buffer.from('another ACK') })]
      const [first, , again] = await journal.append(tenant, group)
      expect(again).toEqual({ ...first, did: 'resent' })
      expect(await ownerQuery('select from passerelle.message')).toHaveLength(2)
    }))

  test('takes the same control id from another sender or channel as another message', () =>
    withJournal(async (journal, { tenant }) => {
      const raw = Buffer.from('same bytes')
      const receipts = await journal.append(tenant, [
        message('C1', { raw }),
        message('C1', { raw, channel: 'pharmacy' }),
        message('C1', { raw, header: { sendingApplication: 'LAB', controlId: 'C1' } }),
        message('C1', { raw, header: { sendingFacility: 'LAB', controlId: 'C1' } }),
      ])
      expect(receipts.map(({ did }) => did)).toEqual(['stored', 'stored', 'stored', 'stored'])
    }))

  test('marks a control id that comes again with other bytes', () =>
    withJournal(async (journal, { tenant, ownerQuery }) => {
      const other = (text: string) => message('C1', { raw: Buffer.from(text) })
      const before = await journal.append(tenant, [other('a')])
      const after = await journal.append(tenant, [other('b'), other('c')])
      expect([...before, ...after].map(({ did }) => did)).toEqual(['stored', 'collided', 'collided'])
      const rows = await ownerQuery<{ collides: boolean }>(
        'select collides from passerelle.message order by id',
      )
      expect(rows.map(({ collides }) => collides)).toEqual([false, true, true])
    }))

  test('refuses a control id that comes again with other bytes where the channel wants that', () =>
    withJournal(async (journal, database) => {
      const strict = (text: string) =>
        message('C1', { raw: Buffer.from(text), whenReused: { ack: Buffer.from('refused') } })
      await journal.append(database.tenant, [strict('a')])
      const [refused, twice] = await journal.append(database.tenant, [strict('b'), strict('c')])
      expect(refused).toMatchObject({ did: 'collided', state: 'refused', ack: Buffer.from('refused') })
      expect(twice).toMatchObject({ did: 'collided', state: 'refused' })
      expect(await open(journal, database, '1')).toHaveLength(1)
      const [again] = await journal.append(database.tenant, [strict('b')])
      expect(again).toEqual({ ...refused, did: 'resent' })
    }))

  test('gives no answer again where none was given', () =>
    withJournal(async (journal, { tenant }) => {
      const silent = message('C1', { ack: undefined })
      const [first] = await journal.append(tenant, [silent])
      const [again] = await journal.append(tenant, [silent])
      expect([first!.ack, again!.ack]).toEqual([undefined, undefined])
    }))

  test('a header of any length and with null characters does not fail its group', () =>
    withJournal(async (journal, { tenant }) => {
      const controlId = `\0${'x'.repeat(100_000)}`
      const receipts = await journal.append(tenant, [message('C1'), message(controlId, { reason: 'a\0b' })])
      expect(receipts.map(({ did }) => did)).toEqual(['stored', 'stored'])
    }))

  test('stores the audit rows with the messages, or neither', () =>
    withJournal(async (journal, { tenant, ownerQuery }) => {
      await journal.append(tenant, [message('C1')])
      expect(await ownerQuery('select from passerelle.audit')).toHaveLength(1)
      await ownerQuery('alter table passerelle.audit add check (outcome = 0)')
      await expect(journal.append(tenant, [message('C2', { state: 'refused' })])).rejects.toThrow(
        'database-error',
      )
      expect(await ownerQuery('select from passerelle.message')).toHaveLength(1)
    }))

  test('its audit rows say what became of each message, and are found by what they say', () =>
    withJournal(async (journal, { tenant, ownerQuery }) => {
      const header = { sendingApplication: 'LAB', sendingFacility: 'HOSP', controlId: 'C1', type: 'ORU^R01' }
      const whenReused = { ack: undefined }
      const batch = { id: 'B1', position: 1 }
      await journal.append(tenant, [message('C1', { header, batch })])
      await journal.append(tenant, [message('C1', { header, batch })])
      await journal.append(tenant, [message('C1', { raw: Buffer.from('b') })])
      await journal.append(tenant, [
        message('C1', { raw: Buffer.from('c'), whenReused }),
        message('C1', { raw: Buffer.from('c'), whenReused }),
        message('C2', { header: {}, state: 'refused', reason: 'hl7-no-header' }),
      ])
      const rows = await ownerQuery(`
        select a.outcome, a.agent, a.agent_kind, a.address, a.action, a.detail,
          (select count(*)::int from passerelle.audit_token t where t.id = a.id) as tokens
        from passerelle.audit a where a.id >> 20 = ${AT} and a.interaction = 'message-received'
        order by a.turn, a.id`)
      const lab = { agent: 'LAB|HOSP', agent_kind: 'device', address: '127.0.0.1', action: 'C' }
      const said = { channel: 'lab', controlId: 'C1' }
      const refused = { ...said, code: 'control-id-reused', message: '4' }
      expect(rows).toEqual([
        {
          ...lab,
          outcome: 0,
          tokens: 1,
          detail: { ...said, message: '1', receipt: 'stored', type: 'ORU^R01', batch: 'B1' },
        },
        {
          ...lab,
          outcome: 0,
          tokens: 1,
          detail: { ...said, message: '1', receipt: 'resent', type: 'ORU^R01', batch: 'B1' },
        },
        { ...lab, outcome: 0, tokens: 1, detail: { ...said, message: '3', receipt: 'collided' } },
        { ...lab, outcome: 4, tokens: 2, detail: { ...refused, receipt: 'collided' } },
        {
          ...lab,
          outcome: 4,
          tokens: 2,
          agent: '|',
          detail: { channel: 'lab', message: '5', receipt: 'stored', code: 'hl7-no-header' },
        },
        { ...lab, outcome: 4, tokens: 2, detail: { ...refused, receipt: 'resent' } },
      ])
    }))

  test('shows a tenant nothing of another', () =>
    withJournal(async (journal, { tenant, addTenant }) => {
      const other = await addTenant('other')
      await journal.append(tenant, [message('C1')])
      const [receipt] = await journal.append(other, [message('C1')])
      expect(receipt!.did).toBe('stored')
      expect(await journal.readLane(other, '1', 10)).toHaveLength(1)
      expect(await journal.laneSecret(tenant)).not.toBe(await journal.laneSecret(other))
      expect(await journal.laneSecret(tenant)).toBe(await journal.laneSecret(tenant))
    }))
})

describe('a lane', () => {
  test('shrinks from its oldest message on', () =>
    withJournal(async (journal, database) => {
      const [a, b] = ids(await journal.append(database.tenant, [message('A'), message('B')]))
      await finish(journal, database, a!)
      expect(await open(journal, database, '1')).toEqual([b])
      await finish(journal, database, b!)
      expect(await open(journal, database, '1')).toEqual([])
    }))

  test('a message is finished once, whoever tries again', () =>
    withJournal(async (journal, database) => {
      const [a] = ids(await journal.append(database.tenant, [message('A')]))
      const ends = await Promise.allSettled(Array.from({ length: 8 }, () => finish(journal, database, a!)))
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(ends.filter((end) => end.status === 'rejected' && isNotHead(end.reason))).toHaveLength(7)
    }))

  test('a message cannot be finished before an older one of its lane', () =>
    withJournal(async (journal, database) => {
      const [, b] = ids(await journal.append(database.tenant, [message('A'), message('B')]))
      await expect(finish(journal, database, b!)).rejects.toSatisfy(isNotHead)
    }))

  test('a message of several lanes waits for all, and all wait for it', () =>
    withJournal(async (journal, database) => {
      const { tenant } = database
      const [one, two, three, merge, afterOne, afterTwo] = ids(
        await journal.append(tenant, [
          message('one', { lane: '1' }),
          message('two', { lane: '2' }),
          message('three', { lane: '3' }),
          message('merge', { lane: '1', otherLanes: ['3', '2'] }),
          message('after one', { lane: '1' }),
          message('after two', { lane: '2' }),
        ]),
      )
      expect(await open(journal, database, '1')).toEqual([one, merge, afterOne])
      expect(await open(journal, database, '2')).toEqual([two, merge, afterTwo])

      await finish(journal, database, one!)
      await finish(journal, database, two!, '2')
      expect(await journal.readLane(tenant, '1', 1)).toMatchObject([{ id: merge, blocked: true }])
      expect(await journal.isDue(tenant, '1', AT)).toBe(false)
      await expect(finish(journal, database, merge!, '1', ['2', '3'])).rejects.toSatisfy(isNotHead)
      await expect(finish(journal, database, afterTwo!, '2')).rejects.toSatisfy(isNotHead)

      await finish(journal, database, three!, '3')
      expect(await journal.readLane(tenant, '2', 1)).toMatchObject([
        { id: merge, blocked: false, otherLanes: ['1', '3'] },
      ])
      for (const lane of ['1', '2', '3']) expect(await journal.isDue(tenant, lane, AT)).toBe(true)
      await expect(finish(journal, database, afterTwo!, '2')).rejects.toSatisfy(isNotHead)
      await finish(journal, database, merge!, '2', ['1', '3'])
      expect(await open(journal, database, '3')).toEqual([])
      await finish(journal, database, afterTwo!, '2')
      await finish(journal, database, afterOne!)
    }))

  test('a failed attempt is counted with its reason, and the lane is due when its time has come', () =>
    withJournal(async (journal, database) => {
      const { tenant } = database
      const [a] = ids(await journal.append(tenant, [message('A')]))
      await journal.recordFailure(
        tenant,
        { id: a!, lane: '1', otherLanes: [], attempts: 0 },
        { code: 'validation-failed', next: { retryAt: AT + 1_000 } },
      )
      expect(await journal.readLane(tenant, '1', 1)).toMatchObject([{ attempts: 1, retryAt: AT + 1_000 }])
      expect(await journal.isDue(tenant, '1', AT + 999)).toBe(false)
      expect(await journal.isDue(tenant, '1', AT + 1_000)).toBe(true)
    }))

  test('lanes that are due are found, others not', () =>
    withJournal(async (journal, { tenant }) => {
      const [, held, later] = ids(
        await journal.append(tenant, [
          message('due', { lane: '-5' }),
          message('held', { lane: '2' }),
          message('later', { lane: '3' }),
          message('due too', { lane: '4', channel: 'pharmacy' }),
          message('second of the lane', { lane: '4', channel: 'pharmacy' }),
          message('just come', { lane: '5', receivedAt: AT + 1 }),
          message('refused', { lane: '6', state: 'refused' }),
          message('behind the held one', { lane: '2' }),
        ]),
      )
      await journal.recordFailure(
        tenant,
        { id: held!, lane: '2', otherLanes: [], attempts: 0 },
        { code: 'x', next: 'hold' },
      )
      await journal.recordFailure(
        tenant,
        { id: later!, lane: '3', otherLanes: [], attempts: 0 },
        { code: 'x', next: { retryAt: AT + 1 } },
      )
      expect(await journal.dueLanes(tenant, { now: AT, arrivedBefore: AT, limit: 10 })).toEqual([
        { channel: 'lab', lane: '-5' },
        { channel: 'pharmacy', lane: '4' },
      ])
      expect(await journal.backlog(tenant)).toEqual([
        { channel: 'lab', waiting: 4, held: 1, oldest: AT },
        { channel: 'pharmacy', waiting: 2, held: 0, oldest: AT },
      ])
    }))
})

describe('a held message', () => {
  const by = (interaction: string): AuditRow => ({
    at: AT,
    kind: 'admin',
    interaction,
    action: 'U',
    outcome: 0,
    agent: { id: 'operator', kind: 'user' },
    entities: [],
    patients: [],
  })

  async function holdFirst(journal: Journal, { tenant }: TestDatabase): Promise<[string, string]> {
    const [a, b] = ids(await journal.append(tenant, [message('A'), message('B')]))
    await journal.recordFailure(
      tenant,
      { id: a!, lane: '1', otherLanes: [], attempts: 0 },
      { code: 'validation-failed', next: 'hold' },
    )
    return [a!, b!]
  }

  test('is listed with its reason and how many wait behind it', () =>
    withJournal(async (journal, database) => {
      const [a] = await holdFirst(journal, database)
      expect(await journal.listHeld(database.tenant, 'lab', { limit: 10 })).toEqual([
        {
          id: a,
          channel: 'lab',
          receivedAt: AT,
          type: undefined,
          controlId: 'A',
          attempts: 1,
          reason: 'validation-failed',
          behind: 1,
        },
      ])
      expect(await journal.listHeld(database.tenant, 'lab', { limit: 10, after: a })).toEqual([])
      expect(await journal.isDue(database.tenant, '1', AT)).toBe(false)
    }))

  test('is to do again when it is released', () =>
    withJournal(async (journal, database) => {
      const [a] = await holdFirst(journal, database)
      const decided = await journal.decideHeld(
        database.tenant,
        { channel: 'lab', id: a },
        'release',
        by('message-release'),
      )
      expect(decided).toEqual({ lanes: ['1'] })
      expect(await journal.isDue(database.tenant, '1', AT)).toBe(true)
    }))

  test('leaves its lane when it is skipped, and the operator’s decision is audited', () =>
    withJournal(async (journal, database) => {
      const [a, b] = await holdFirst(journal, database)
      await journal.decideHeld(database.tenant, { channel: 'lab', id: a }, 'skip', by('message-skip'))
      expect(await open(journal, database, '1')).toEqual([b])
      expect(await database.ownerQuery(DECISIONS)).toEqual([{ interaction: 'message-skip' }])
    }))

  test('a message that is not held, or of another channel, is left alone', () =>
    withJournal(async (journal, database) => {
      const [a, b] = await holdFirst(journal, database)
      const decide = (channel: string, id: string) =>
        journal.decideHeld(database.tenant, { channel, id }, 'skip', by('message-skip'))
      expect(await decide('lab', b)).toBeUndefined()
      expect(await decide('pharmacy', a)).toBeUndefined()
      expect(await database.ownerQuery(DECISIONS)).toEqual([])
    }))
})

test('a message costs as much beside a thousand open ones as beside none: no plan reads the journal through', async () => {
  await using database = await testDatabase()
  const db = openDb({ url: database.url })
  const journal = makeJournal(db)
  const count = 1_500
  const stored: Receipt[] = []
  for (let from = 0; from < count; from += 50) {
    const group = Array.from({ length: 50 }, (_, index) =>
      message(`C${from + index}`, { lane: `${from + index}` }),
    )
    stored.push(...(await journal.append(database.tenant, group)))
  }
  for (const [lane, { id }] of stored.entries()) {
    await journal.readLane(database.tenant, `${lane}`, 16)
    await finish(journal, { ...database, db }, id, `${lane}`)
    await journal.isDue(database.tenant, `${lane}`, AT)
  }
  // A connection hands in its counters when it ends.
  await db[Symbol.asyncDispose]()
  const [row] = await database.ownerQuery<{ fetched: number }>(
    `select sum(idx_tup_fetch + seq_tup_read)::int as fetched from pg_stat_user_tables where relname like 'message%'`,
  )
  expect(row!.fetched / count).toBeLessThan(20)
})
