import { expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import {
  labChannel,
  memoryQueue,
  NOTED_TABLE,
  notedIds,
  notedRepository,
  oru,
  peer,
  testChannels,
} from './testing.ts'

test('a message that ends every worker is held after three that counted it; those beside it are handled', async () => {
  await using database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  await ownerQuery(NOTED_TABLE)
  const own = notedRepository(db)

  /** One life of a worker. A commit of POISON never comes back: what is at work then stays as a death leaves it. */
  async function live(): Promise<void> {
    const wakeQueue = memoryQueue()
    const died = Promise.withResolvers<void>()
    const repository: typeof own = {
      ...own,
      commit: (...call) => {
        if (call[1].some(({ id }) => id === 'POISON')) {
          died.resolve()
          return new Promise(() => {})
        }
        return own.commit(...call)
      },
    }
    const channels = testChannels(db, tenant, { wakeQueue, repository, channels: [labChannel()] })
    if ((await ownerQuery('select from passerelle.message')).length === 0) {
      for (const id of ['POISON', 'B', 'C', 'D']) await channels.intakeFor('lab')(oru(id, id), peer)
    }
    await channels.startWork()
    await Promise.race([died.promise, wakeQueue.idle()])
  }

  const held = () =>
    ownerQuery<{ last_error: string }>(`select last_error from passerelle.message where state = 'held'`)
  let lives = 0
  while ((await held()).length === 0 && lives < 10) {
    await live()
    lives += 1
  }
  expect(lives).toBe(4)
  expect(await held()).toEqual([{ last_error: 'message-ends-worker' }])
  await expect.poll(async () => (await notedIds(db, tenant)).toSorted()).toEqual(['B', 'C', 'D'])
})

test('a message that is tried again in one life of a worker is not counted twice', async () => {
  await using database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  await ownerQuery(NOTED_TABLE)
  const own = notedRepository(db)
  const wakeQueue = memoryQueue()
  let left = 5
  const settings = 'retry: { firstDelaySeconds: 0.001, maxDelaySeconds: 0.001, attempts: 9, crashes: 1 }\n'
  const channels = testChannels(db, tenant, {
    wakeQueue,
    channels: [labChannel(settings)],
    repository: {
      ...own,
      commit: (...call) => (left-- > 0 ? Promise.reject(new Error('not yet')) : own.commit(...call)),
    },
  })
  await channels.startWork()
  await channels.intakeFor('lab')(oru('C1'), peer)
  const again = async (): Promise<string[]> => {
    const [row] = await ownerQuery<{ lane: string }>('select lane::text from passerelle.message_turn')
    if (row) await wakeQueue.wake([{ tenant, channel: 'lab', lane: row.lane }])
    await wakeQueue.idle()
    return notedIds(db, tenant)
  }
  await expect.poll(again).toEqual(['C1'])
  await channels.stopWork()
})
