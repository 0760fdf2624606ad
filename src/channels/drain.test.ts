import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { Failure } from '../kernel/failure.ts'
import { EMPTY_DICTIONARY } from '../mapping/index.ts'
import { makeJournal } from '../store/index.ts'
import type { Channels } from './channels.ts'
import { noMetrics } from './metrics.ts'
import {
  labChannel,
  memoryQueue,
  NOTED_TABLE,
  notedIds,
  notedRepository,
  oru,
  peer,
  testChannels,
  transform,
} from './testing.ts'
import type { Transform } from './transform.ts'

type Given = Partial<Parameters<typeof testChannels>[2]>

interface Running {
  readonly database: TestDatabase
  readonly channels: Channels
  /** What was written, in order. */
  noted(): Promise<string[]>
  idle(): Promise<void>
}

/** A channel with its workers at work. */
async function withWork(given: Given, run: (running: Running) => Promise<void>): Promise<void> {
  await using database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const wakeQueue = memoryQueue()
  const channels = testChannels(database.db, database.tenant, { wakeQueue, ...given })
  await channels.startWork()
  await run({
    database,
    channels,
    noted: () => notedIds(database.db, database.tenant),
    idle: () => wakeQueue.idle(),
  })
  await channels.stopWork()
}

const states = async ({ ownerQuery }: TestDatabase) =>
  (await ownerQuery<{ state: string }>('select state from passerelle.message order by id')).map(
    ({ state }) => state,
  )

/** Fails for these control ids, as often as is said. */
function failing(times: Record<string, number>, failure: () => unknown): Transform {
  const left = new Map(Object.entries(times))
  return (message) => {
    const transformed = transform(message)
    const { id } = transformed.changes[0]!
    const count = left.get(id) ?? 0
    if (count === 0) return transformed
    left.set(id, count - 1)
    throw failure()
  }
}

const invalid = () => new Failure('invalid', 'validation-failed')
const operator = { id: 'operator', kind: 'user' } as const
const quickly = {
  channels: [labChannel('retry: { firstDelaySeconds: 0.001, maxDelaySeconds: 0.001, attempts: 3 }\n')],
}

test('a message becomes its resources, and its row says which', () =>
  withWork({}, async ({ channels, database, noted, idle }) => {
    await channels.intakeFor('lab')(oru('C1'), peer)
    await idle()
    expect(await noted()).toEqual(['C1'])
    const [row] = await database.ownerQuery('select * from passerelle.message')
    expect(row).toMatchObject({
      state: 'done',
      attempts: 1,
      result: ['Basic/C1/_history/1'],
      last_error: null,
    })
  }))

test('the audit row of a handled message names its sender and what it wrote', () =>
  withWork({}, async ({ channels, database, idle }) => {
    await channels.intakeFor('lab')(oru('C1'), peer)
    await idle()
    const rows = await database.ownerQuery(
      `select kind, agent, entities, detail from passerelle.audit where interaction = 'message-handled'`,
    )
    expect(rows).toMatchObject([
      { kind: 'hl7', agent: 'LAB|HOSP', detail: { channel: 'lab', message: '1', controlId: 'C1' } },
    ])
    expect(JSON.stringify(rows)).toContain('Basic/C1')
  }))

test('what the tenant keeps to read messages with comes in, and what could not be carried over is counted', async () => {
  const dictionary = { ...EMPTY_DICTIONARY }
  const seen: unknown[] = []
  const counted: unknown[] = []
  const warning = { code: 'code-not-translated', about: 'urn:x', count: 2 }
  await withWork(
    {
      dictionaryOf: async () => dictionary,
      transform: (message) => {
        seen.push(message.dictionary)
        return { ...transform(message), warnings: [warning] }
      },
      metrics: { ...noMetrics, warned: (event) => void counted.push(event) },
    },
    async ({ channels, database, idle }) => {
      await channels.intakeFor('lab')(oru('C1'), peer)
      await idle()
      expect(seen).toEqual([dictionary])
      expect(counted).toEqual([{ channel: 'lab', code: 'code-not-translated', count: 2 }])
      const [row] = await database.ownerQuery('select warnings from passerelle.message')
      expect(row).toEqual({ warnings: 2 })
    },
  )
})

test('a message that the channel does not want is finished without resources', () =>
  withWork(
    { transform: () => ({ did: 'filtered', reason: 'message-ignored' }) },
    async ({ channels, database, noted, idle }) => {
      await channels.intakeFor('lab')(oru('C1'), peer)
      await idle()
      expect(await states(database)).toEqual(['filtered'])
      expect(await noted()).toEqual([])
    },
  ))

test('a message that can’t be mapped is held with the reason, and holds back only its own lane', () =>
  withWork({ transform: failing({ C1: 1 }, invalid) }, async ({ channels, database, noted, idle }) => {
    const intake = channels.intakeFor('lab')
    for (const [name, patient] of [
      ['C1', '1'],
      ['C2', '1'],
      ['C3', '2'],
    ] as const)
      await intake(oru(name, patient), peer)
    await idle()
    expect(await states(database)).toEqual(['held', 'received', 'done'])
    expect(await noted()).toEqual(['C3'])
    expect(await channels.held('lab', { limit: 10 })).toMatchObject([
      { controlId: 'C1', reason: 'validation-failed', behind: 1 },
    ])
  }))

test('an operator releases a held message: its lane goes on in order', () =>
  withWork({ transform: failing({ C1: 1 }, invalid) }, async ({ channels, noted, idle }) => {
    const intake = channels.intakeFor('lab')
    await intake(oru('C1'), peer)
    await idle()
    await intake(oru('C2'), peer)
    await idle()
    const [held] = await channels.held('lab', { limit: 10 })
    expect(await channels.decide('lab', held!.id, 'release', operator)).toBe(true)
    await idle()
    expect(await noted()).toEqual(['C1', 'C2'])
    expect(await channels.decide('lab', held!.id, 'release', operator)).toBe(false)
  }))

test('an operator skips a held message: those behind it are handled', () =>
  withWork({ transform: failing({ C1: 1 }, invalid) }, async ({ channels, database, noted, idle }) => {
    const intake = channels.intakeFor('lab')
    await intake(oru('C1'), peer)
    await intake(oru('C2'), peer)
    await idle()
    const [held] = await channels.held('lab', { limit: 10 })
    await channels.decide('lab', held!.id, 'skip', operator)
    await idle()
    expect(await noted()).toEqual(['C2'])
    expect(await states(database)).toEqual(['skipped', 'done'])
  }))

test('what may pass is tried again until it passes', () =>
  withWork(
    { ...quickly, transform: failing({ C1: 2 }, () => new TypeError('a fault of ours')) },
    async ({ channels, database, noted }) => {
      const intake = channels.intakeFor('lab')
      await intake(oru('C1'), peer)
      await intake(oru('C2'), peer)
      await untilDone(channels, database)
      expect(await noted()).toEqual(['C1', 'C2'])
      const [first] = await database.ownerQuery('select attempts from passerelle.message order by id')
      expect(first).toEqual({ attempts: 3 })
    },
  ))

test('what does not pass in so many attempts is held', () =>
  withWork(
    { ...quickly, transform: failing({ C1: 99 }, () => new TypeError('a fault of ours')) },
    async ({ channels, database }) => {
      await channels.intakeFor('lab')(oru('C1'), peer)
      await untilDone(channels, database)
      expect(await channels.held('lab', { limit: 10 })).toMatchObject([{ attempts: 3, reason: 'unexpected' }])
    },
  ))

test('while a part is away a message is not held, however long it takes', () =>
  withWork(
    { ...quickly, transform: failing({ C1: 12 }, () => new Failure('unavailable', 'terminology-away')) },
    async ({ channels, database, noted }) => {
      await channels.intakeFor('lab')(oru('C1'), peer)
      await untilDone(channels, database)
      expect(await noted()).toEqual(['C1'])
    },
  ))

test('a start takes up what an earlier run left', async () => {
  await using database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const { db, tenant } = database
  const before = testChannels(db, tenant, { wakeQueue: memoryQueue({ fate: () => 'lost' }) })
  for (const name of ['C1', 'C2', 'C3']) await before.intakeFor('lab')(oru(name), peer)

  const wakeQueue = memoryQueue()
  const after = testChannels(db, tenant, { wakeQueue })
  await after.startWork()
  await wakeQueue.idle()
  expect(await notedIds(db, tenant)).toEqual(['C1', 'C2', 'C3'])
  await after.stopWork()
})

test('messages of a channel that is not configured are left alone', async () => {
  await using database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const { db, tenant } = database
  const before = testChannels(db, tenant, { wakeQueue: memoryQueue() })
  await before.intakeFor('lab')(oru('C1'), peer)
  const wakeQueue = memoryQueue()
  const after = testChannels(db, tenant, { wakeQueue, channels: [{ ...labChannel(), channel: 'other' }] })
  await after.startWork()
  await wakeQueue.idle()
  await after.stopWork()
  expect(await states(database)).toEqual(['received'])
})

test('order and exactly once hold under parallel workers, whatever the queue loses, doubles or mixes up', async () => {
  await using database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const { db, tenant } = database
  let run = 0

  const sends = fc.array(fc.integer({ min: 1, max: 4 }), {
    minLength: 1,
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(sends, fc.infiniteStream(fc.nat(9)), async (messages, chance) => {
      run += 1
      const roll = () => chance.next().value!
      const fate = () => (['lost', 'twice'] as const)[roll()] ?? 'once'
      const flaky: Transform = (message) => {
        if (roll() === 0) throw new Failure('unavailable', 'away')
        return transform(message)
      }
      const workers = [memoryQueue({ fate }), memoryQueue({ fate })].map((wakeQueue) => {
        const channels = testChannels(db, tenant, { ...quickly, wakeQueue, transform: flaky })
        return { channels, wakeQueue }
      })
      await Promise.all(workers.map(({ channels }) => channels.startWork()))
      const names = messages.map((patient, index) => ({
        id: `R${run}-${index}`,
        patient: String(patient),
      }))
      const intake = workers[0]!.channels.intakeFor('lab')
      await Promise.all(names.map(({ id, patient }) => intake(oru(id, patient), peer)))
      await untilDone(workers[0]!.channels, database, async () => {
        for (const { channels } of workers) await sweepOnce(channels)
      })
      await Promise.all(workers.map(({ channels }) => channels.stopWork()))
      const written = (await notedIds(db, tenant)).filter((id) => id.startsWith(`R${run}-`))
      expect(written.toSorted()).toEqual(names.map(({ id }) => id).toSorted())
      for (const patient of new Set(names.map((one) => one.patient))) {
        const own = names.filter((one) => one.patient === patient).map(({ id }) => id)
        expect(written.filter((id) => own.includes(id))).toEqual(own)
      }
    }),
    { numRuns: 15 },
  )
}, 120_000)

/** A new start of the work: it sweeps at once, where the real sweeper comes every few seconds. */
async function sweepOnce(channels: Channels): Promise<void> {
  await channels.stopWork()
  await channels.startWork()
}

/** Until nothing is to do: each look starts the work anew, as a sweeper would. */
async function untilDone(
  channels: Channels,
  { db, tenant }: TestDatabase,
  again: () => Promise<void> = () => sweepOnce(channels),
): Promise<void> {
  const journal = makeJournal(db)
  for (;;) {
    const backlog = await journal.backlog(tenant)
    if (backlog.every(({ waiting }) => waiting === 0)) return
    await again()
  }
}

test('a merge waits for both patients, and both wait for it', async () => {
  await using database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const { db, tenant } = database
  const release = Promise.withResolvers<void>()
  const repository = notedRepository(db)
  const slow = {
    ...repository,
    commit: async (...args: Parameters<typeof repository.commit>) => {
      if (args[1][0]!.id === 'one') await release.promise
      return repository.commit(...args)
    },
  }
  const wakeQueue = memoryQueue()
  const channels = testChannels(db, tenant, { wakeQueue, repository: slow })
  await channels.startWork()
  const intake = channels.intakeFor('lab')
  await intake(oru('one', '1'), peer)
  const merge = 'MSH|^~\\&|LAB|HOSP|||20260102||ADT^A40|merge|P|2.5\rPID|1||2^^^LAB\rMRG|1^^^LAB\r'
  await intake(Buffer.from(merge), peer)
  await intake(oru('two', '2'), peer)
  await intake(oru('three', '3'), peer)
  while (!(await notedIds(db, tenant)).includes('three'));
  expect(await notedIds(db, tenant)).toEqual(['three'])
  release.resolve()
  // Where both lanes reach for the merge at once, the one that loses stands back until it is woken again.
  await untilDone(channels, database)
  expect(await notedIds(db, tenant)).toEqual(['three', 'one', 'merge', 'two'])
  await channels.stopWork()
})
