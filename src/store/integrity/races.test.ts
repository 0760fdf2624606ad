/** Referential integrity when everything happens at the same instant, in several processes. */
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { testDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { systemClock } from '../../kernel/clock.ts'
import { asFailure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { exactJsonOf, type JsonObject } from '../../kernel/json.ts'
import { openDb } from '../db.ts'
import type { Change, CommitOptions, Repository } from '../index.ts'
import { testStore } from '../testing.ts'

/** As many processes as given, each with connections and a write lane of its own. */
async function processes(database: TestDatabase, count: number) {
  const stack = new AsyncDisposableStack()
  const repositories = Array.from({ length: count }, () => {
    const db = stack.use(openDb({ url: database.url, maxConnections: 6 }))
    return testStore(db, systemClock, 'enforce').repository
  })
  return { repositories, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const patient = (id: string, more: JsonObject = {}): Change => ({
  type: 'Patient',
  id,
  make: () => exactJsonOf({ resourceType: 'Patient', ...more }),
})
const observation = (id: string, subject: string): Change => ({
  type: 'Observation',
  id,
  make: () =>
    exactJsonOf({
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${subject}` },
    }),
})
const deletion = (type: string, id: string): Change => ({
  type,
  id,
  make: (current) => (current === undefined ? 'keep' : 'delete'),
})

/** `done`, or the code of the Failure. */
async function outcomeOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'done',
    (error: unknown) => asFailure(error).code,
  )
}

/** References to Patients that are not there. */
async function dangling(database: TestDatabase): Promise<number> {
  const rows = await database.ownerQuery(`
    select from passerelle.resource o
    where o.type = 'Observation' and not o.deleted and not exists (
      select from passerelle.resource p
      where p.tenant = o.tenant and p.type = 'Patient' and not p.deleted
        and 'Patient/' || p.id = o.content #>> '{subject,reference}')`)
  return rows.length
}

test('a deletion and creates that refer to it, at once and often: nothing dangles and nobody fails otherwise', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  await using running = await processes(database, 3)
  const store = (n: number): Repository => running.repositories[n % running.repositories.length]!
  const told = new Map<string, number>()
  const PATIENTS = 60

  await store(0).commit(
    tenant,
    Array.from({ length: PATIENTS }, (_, i) => patient(`p${i}`)),
  )
  await Promise.all(
    Array.from({ length: PATIENTS }, async (_, i) => {
      const runs = [
        ...Array.from({ length: 6 }, (__, k) =>
          store(i + k).commit(tenant, [observation(`o${i}-${k}`, `p${i}`)]),
        ),
        store(i + 1).commit(tenant, [deletion('Patient', `p${i}`)]),
        store(i + 2).commit(tenant, [observation(`pair${i}`, `p${i}`), observation(`pair2${i}`, `p${i}`)]),
      ]
      for (const outcome of await Promise.all(runs.map(outcomeOf))) {
        told.set(outcome, (told.get(outcome) ?? 0) + 1)
      }
    }),
  )
  const expected = new Set(['done', 'reference-not-found', 'resource-referenced-unseen'])
  expect([...told.keys()].filter((code) => !expected.has(code))).toEqual([])
  expect(await dangling(database)).toBe(0)
})

test('rewriting, deleting and bringing back at once leaves nothing that dangles', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  await using running = await processes(database, 2)
  const PATIENTS = 6
  const anyOf = (n: number, count: number) => (n * 2_654_435_761) % count
  await running.repositories[0]!.commit(
    tenant,
    Array.from({ length: PATIENTS }, (_, i) => patient(`p${i}`)),
  )
  const codes = new Set<string>()
  await Promise.all(
    Array.from({ length: 16 }, async (_, client) => {
      const repository = running.repositories[client % 2]!
      for (let step = 0; step < 40; step++) {
        const n = client * 1000 + step
        const subject = `p${anyOf(n, PATIENTS)}`
        const changes: Change[] =
          step % 4 === 0
            ? [deletion('Patient', subject)]
            : step % 4 === 1
              ? [patient(subject)]
              : step % 4 === 2
                ? [observation(`o${anyOf(n, 12)}`, subject)]
                : [deletion('Observation', `o${anyOf(n, 12)}`), patient(subject)]
        codes.add(await outcomeOf(repository.commit(tenant, changes)))
      }
    }),
  )
  codes.delete('reference-not-found')
  codes.delete('resource-referenced-unseen')
  expect([...codes]).toEqual(['done'])
  expect(await dangling(database)).toBe(0)
})

/** A commit that has written and is not yet committed. */
async function openCommit(repository: Repository, of: TenantId, changes: readonly Change[]) {
  const entered = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const outcome = outcomeOf(
    repository.commit(of, changes, {
      async with(tx) {
        await tx.query({ text: 'select 1', values: [] }) // answered when all before it is done
        entered.resolve()
        await finish.promise
      },
    }),
  )
  await entered.promise
  return {
    async finish() {
      finish.resolve()
      return outcome
    },
    async [Symbol.asyncDispose]() {
      await this.finish()
    },
  }
}

/** Whether something is still not done after a while. */
function isWaiting(run: Promise<unknown>): Promise<boolean> {
  return Promise.race([run.then(() => false), sleep(150).then(() => true)])
}

test('a deletion waits for who refers at this moment, and for nobody else', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  await repository.commit(tenant, [patient('a'), patient('b')])
  await using referring = await openCommit(repository, tenant, [observation('o', 'a')])
  expect(await outcomeOf(repository.commit(tenant, [deletion('Patient', 'b')]))).toBe('done')
  const deleting = outcomeOf(repository.commit(tenant, [deletion('Patient', 'a')]))
  expect(await isWaiting(deleting)).toBe(true)
  expect(await referring.finish()).toBe('done')
  expect(await deleting).toBe('resource-referenced-unseen')
})

test('who refers waits for a deletion of this moment, others do not', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  await repository.commit(tenant, [patient('a'), patient('b')])
  await using deleting = await openCommit(repository, tenant, [deletion('Patient', 'a')])
  expect(await outcomeOf(repository.commit(tenant, [observation('p', 'b')]))).toBe('done')
  const referring = outcomeOf(repository.commit(tenant, [observation('o', 'a')]))
  expect(await isWaiting(referring)).toBe(true)
  expect(await deleting.finish()).toBe('done')
  expect(await referring).toBe('reference-not-found')
})

const MANY = 250
const many = <T>(make: (n: number) => T): T[] => Array.from({ length: MANY }, (_, n) => make(n))

test.each([
  ['few', 'many', [observation('o', 'p7')], many((n) => deletion('Patient', `p${n}`))],
  ['many', 'few', many((n) => observation(`o${n}`, `p${n}`)), [deletion('Patient', 'p7')]],
  ['many', 'many', many((n) => observation(`o${n}`, `p${n}`)), many((n) => deletion('Patient', `p${n}`))],
])('who refers to %s and who deletes %s wait for each other', async (_few, _many, refer, remove) => {
  for (const [first, second, refused] of [
    [refer, remove, 'resource-referenced-unseen'],
    [remove, refer, 'reference-not-found'],
  ] as const) {
    await using database = await testDatabase()
    const { tenant } = database
    const { repository } = testStore(database.db, systemClock, 'enforce')
    await repository.commit(
      tenant,
      many((n) => patient(`p${n}`)),
    )
    await using open = await openCommit(repository, tenant, first)
    const other = outcomeOf(repository.commit(tenant, second))
    expect(await isWaiting(other)).toBe(true)
    expect(await open.finish()).toBe('done')
    expect(await other).toBe(refused)
    expect(await dangling(database)).toBe(0)
  }
})

test('who refers to one does not wait for a deletion of another that waits for who refers to many', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  await repository.commit(tenant, [patient('a'), ...many((n) => patient(`p${n}`))])
  await repository.commit(tenant, [observation('known', 'a')])
  await using long = await openCommit(
    repository,
    tenant,
    many((n) => observation(`o${n}`, `p${n}`)),
  )
  const deleting = ['p7', 'p8', 'p9'].map((id) =>
    outcomeOf(repository.commit(tenant, [deletion('Patient', id)])),
  )
  expect(await isWaiting(Promise.race(deleting))).toBe(true)
  expect(await outcomeOf(repository.commit(tenant, [observation('o', 'a')]))).toBe('done')
  await long.finish()
  expect(new Set(await Promise.all(deleting))).toEqual(new Set(['resource-referenced-unseen']))
})

test('one that refers to nothing does not fail those that are written with it', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  await repository.commit(tenant, [patient('a')])
  const outcomes = await Promise.all(
    Array.from({ length: 120 }, (_, i) =>
      outcomeOf(repository.commit(tenant, [observation(`o${i}`, i % 3 === 0 ? 'nobody' : 'a')])),
    ),
  )
  expect(outcomes).toEqual(outcomes.map((_, i) => (i % 3 === 0 ? 'reference-not-found' : 'done')))
})

const message: CommitOptions = { integrity: { absentTargets: 'accept' } }

test('a message is written whatever its resources refer to', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  expect(await outcomeOf(repository.commit(tenant, [observation('o', 'nobody')], message))).toBe('done')
  // And later a client may only say so again when it is true.
  expect(await outcomeOf(repository.commit(tenant, [observation('o2', 'nobody')]))).toBe(
    'reference-not-found',
  )
})

test('a patient whom a message finds unchanged and somebody deletes meanwhile is written again', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  const { repository } = testStore(database.db, systemClock, 'enforce')
  await repository.commit(tenant, [patient('a')])
  await using deleting = await openCommit(repository, tenant, [deletion('Patient', 'a')])
  const pipeline = repository.commit(tenant, [patient('a'), observation('o', 'a')], message)
  expect(await isWaiting(pipeline)).toBe(true)
  await deleting.finish()
  expect(await pipeline).toMatchObject([{ did: 'created', version: 3 }, { did: 'created' }])
})

test('a patient whom a message finds unchanged and somebody deletes at any moment is there in the end', async () => {
  await using database = await testDatabase()
  const { tenant } = database
  await using running = await processes(database, 2)
  const [pipeline, door] = running.repositories as [Repository, Repository]
  await Promise.all(
    Array.from({ length: 80 }, async (_, i) => {
      await door.commit(tenant, [patient(`p${i}`)])
      const outcomes = await Promise.all([
        outcomeOf(pipeline.commit(tenant, [patient(`p${i}`), observation(`o${i}`, `p${i}`)], message)),
        sleep(i % 8).then(() => outcomeOf(door.commit(tenant, [deletion('Patient', `p${i}`)]))),
      ])
      expect(outcomes[0]).toBe('done')
      expect(['done', 'resource-referenced-unseen']).toContain(outcomes[1])
    }),
  )
  expect(await dangling(database)).toBe(0)
})
