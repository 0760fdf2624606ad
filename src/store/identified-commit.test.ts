/** The same person through two doors at the same instant: a message, and a conditional create over FHIR. */
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { asFailure } from '../kernel/failure.ts'
import { exactJsonOf } from '../kernel/json.ts'
import { type Change, commitIdentified, type CommitOptions, type Outcome, type Repository } from './index.ts'
import { searchFor, testStore } from './testing.ts'

interface Person {
  readonly id: string
  /** Of one system, the first one names her. */
  readonly numbers: readonly string[]
  readonly type?: string
}

const SYSTEM = 'urn:oid:1.2.3'

function personChange({ id, numbers, type = 'Patient' }: Person): Change {
  const identifier = numbers.map((value) => ({ system: SYSTEM, value }))
  return {
    type,
    id,
    // As a mapping does: what is there already is completed.
    make: (current) => exactJsonOf({ resourceType: type, gender: 'unknown', ...current?.exact, identifier }),
  }
}

/** What the pipeline does with a message. */
function message(
  repository: Repository,
  { tenant }: TestDatabase,
  person: Person,
  options: CommitOptions = {},
): Promise<readonly Outcome[]> {
  const { id, numbers, type = 'Patient' } = person
  const wanted = numbers.map((value) => ({ type, id, system: SYSTEM, value }))
  const changesFor = (known: ReadonlyMap<string, string>) => [
    personChange({ ...person, id: known.get(`${type}/${id}`) ?? id }),
  ]
  return commitIdentified(repository, tenant, { wanted, changesFor }, options)
}

/** What a conditional create does once it has found nothing: `created`, or the code of the Failure. */
async function conditionalCreate(
  repository: Repository,
  { tenant }: TestDatabase,
  person: Person,
  criteria: string,
  options: CommitOptions = {},
): Promise<string> {
  const { type = 'Patient' } = person
  try {
    const guards = [{ criteria: searchFor(type, criteria) }]
    await repository.commit(tenant, [{ ...personChange(person), mustBeNew: true }], { ...options, guards })
    return 'created'
  } catch (error) {
    return asFailure(error).code
  }
}

/** Keeps a commit open when it has written. */
function gate() {
  const entered = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  const hold: CommitOptions = {
    async with(tx) {
      await tx.query({ text: 'select 1', values: [] })
      entered.resolve()
      await open.promise
    },
  }
  return { hold, entered: entered.promise, open: () => open.resolve() }
}

function isWaiting(run: Promise<unknown>): Promise<boolean> {
  return Promise.race([run.then(() => false), sleep(150).then(() => true)])
}

async function persons({ ownerQuery }: TestDatabase): Promise<string[]> {
  const rows = await ownerQuery<{ id: string }>(
    'select id from passerelle.resource where not deleted order by id',
  )
  return rows.map(({ id }) => id)
}

test.each([
  ['the identifier', `identifier=${SYSTEM}|1`],
  ['the number without its system', 'identifier=1'],
  ['the identifier and more', `gender=unknown&identifier=${SYSTEM}|1`],
  ['one of several identifiers', `identifier=${SYSTEM}|0,${SYSTEM}|1`],
])(
  'a conditional create by %s waits for a message that brings her along, and finds her',
  async (_what, criteria) => {
    await using database = await testDatabase()
    const { repository } = testStore(database.db)
    const { hold, entered, open } = gate()
    const first = message(repository, database, { id: 'made', numbers: ['1'] }, hold)
    await entered
    const second = conditionalCreate(repository, database, { id: 'other', numbers: ['1'] }, criteria)
    const waited = await isWaiting(second)
    open()
    await first
    expect(waited).toBe(true)
    expect(await second).toBe('criteria-matched')
    expect(await persons(database)).toEqual(['made'])
  },
)

test('a message waits for a conditional create of whom it brings along, and writes to her', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const { hold, entered, open } = gate()
  const criteria = `identifier=${SYSTEM}|1`
  const first = conditionalCreate(repository, database, { id: 'client', numbers: ['1'] }, criteria, hold)
  await entered
  const second = message(repository, database, { id: 'made', numbers: ['1', '2'] })
  const waited = await isWaiting(second)
  open()
  expect(await first).toBe('created')
  expect(waited).toBe(true)
  expect(await second).toMatchObject([{ id: 'client', did: 'updated' }])
  expect(await persons(database)).toEqual(['client'])
})

test('two messages that name her by different numbers make one', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const { hold, entered, open } = gate()
  const first = message(repository, database, { id: 'by-1', numbers: ['1', '2'] }, hold)
  await entered
  const second = message(repository, database, { id: 'by-2', numbers: ['2'] })
  expect(await isWaiting(second)).toBe(true)
  open()
  await first
  expect(await second).toMatchObject([{ id: 'by-1' }])
  expect(await persons(database)).toEqual(['by-1'])
})

test('two of one message stay two, though somebody has one of their numbers', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  await message(repository, database, { id: 'known', numbers: ['1', '2'] })
  const wanted = ['a', 'b'].map((id, i) => ({ type: 'Patient', id, system: SYSTEM, value: String(i + 1) }))
  const outcomes = await commitIdentified(
    repository,
    database.tenant,
    {
      wanted,
      changesFor: (known) =>
        ['a', 'b'].map((id, i) =>
          personChange({ id: known.get(`Patient/${id}`) ?? id, numbers: [String(i + 1)] }),
        ),
    },
    {},
  )
  expect(outcomes.map(({ id, did }) => [id, did])).toEqual([
    ['known', 'updated'],
    ['b', 'created'],
  ])
})

test('those with another number, of another type or another tenant wait for nobody', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  const other = { ...database, tenant: await database.addTenant('other') }
  const create = (person: Person, of = database) =>
    conditionalCreate(repository, of, person, `identifier=${SYSTEM}|${person.numbers[0]!}`)
  // The values that all of them share are known, so that nobody waits for who writes them down.
  await create({ id: 'p0', numbers: ['0'] })
  await create({ id: 'd0', numbers: ['0'], type: 'Practitioner' })
  const { hold, entered, open } = gate()
  const first = message(repository, database, { id: 'made', numbers: ['1'] }, hold)
  await entered
  try {
    expect(await create({ id: 'p2', numbers: ['2'] })).toBe('created')
    expect(await create({ id: 'd1', numbers: ['1'], type: 'Practitioner' })).toBe('created')
    expect(await create({ id: 'p1', numbers: ['1'] }, other)).toBe('created')
  } finally {
    open()
    await first
  }
})

test('everybody at once: one person each, whoever was first', async () => {
  await using database = await testDatabase()
  const { repository } = testStore(database.db)
  await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const number = `n${i}`
      const criteria = i % 2 === 0 ? `identifier=${SYSTEM}|${number}` : `identifier=${number}`
      await Promise.all([
        message(repository, database, { id: `message-${i}`, numbers: [number] }),
        conditionalCreate(repository, database, { id: `client-${i}`, numbers: [number] }, criteria),
        message(repository, database, { id: `other-${i}`, numbers: [number, `${number}-b`] }),
        conditionalCreate(repository, database, { id: `client2-${i}`, numbers: [number] }, criteria),
      ])
    }),
  )
  expect(await persons(database)).toHaveLength(30)
})
