/** A mixed feed of all message types: what bench/feed.ts runs with 10,000. */
import { expect, test } from 'vitest'
import { testDatabase } from './support/database.ts'
import { makeFeed } from './support/feed/feed.ts'
import { feedRunner, type StoredResource } from './support/feed/run.ts'

const done = (count: number) => [{ state: 'done', type: null, error: null, count }]

test('a mixed feed of every type, sent twice: nothing held, nothing dangling, all valid, and the store as after once', async () => {
  await using database = await testDatabase()
  await using it = await feedRunner(database)
  const feed = makeFeed({ program: it.program, seed: 4, count: 175 })
  await it.send(feed)
  expect(await it.states()).toEqual(done(175))
  expect(await it.problems()).toEqual([])
  const once = await it.resources()
  await it.send(feed)
  expect(await it.resources()).toEqual(once)
}, 60_000)

test('messages that are handled again, as if they had never come, change nothing that the store says', async () => {
  await using database = await testDatabase()
  await using it = await feedRunner(database)
  const feed = makeFeed({ program: it.program, seed: 5, count: 60, patients: 20, withoutMerges: true })
  expect(makeFeed({ program: it.program, seed: 5, count: 60, patients: 20, withoutMerges: true })).toEqual(
    feed,
  )
  await it.send(feed)
  const once = await it.resources()
  await it.forgetMessages()
  await it.send(feed)
  expect(await it.states()).toEqual(done(60))
  expect(contents(await it.resources())).toEqual(contents(once))
}, 60_000)

const contents = (resources: readonly StoredResource[]) =>
  resources.map(({ type, id, content }) => ({ type, id, content }))
