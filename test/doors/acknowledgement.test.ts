/** Acknowledgements from end to end: a sender, a listener on a socket, a channel with its workers, PostgreSQL. */
import { expect, test } from 'vitest'

import { labChannel, memoryQueue, NOTED_TABLE, oru, testChannels } from '../../src/channels/testing.ts'
import { readAck } from '../../src/hl7/index.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { connectMllp, type Delivery, listenMllp } from '../../src/net/mllp/index.ts'
import { testDatabase } from '../support/database.ts'

async function startDoor(settings: string) {
  const database = await testDatabase()
  await database.ownerQuery(NOTED_TABLE)
  const channels = testChannels(database.db, database.tenant, {
    channels: [labChannel(settings)],
    wakeQueue: memoryQueue(),
  })
  await channels.startWork()
  const listener = await listenMllp({
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    handle: channels.intakeFor('lab'),
  })
  const client = await connectMllp({ host: '127.0.0.1', port: listener.port, window: 4 })
  return {
    client,
    states: () => database.ownerQuery('select state from passerelle.message order by id'),
    async [Symbol.asyncDispose]() {
      channels.stopWaiting()
      await client[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await channels.stopWork()
      await database[Symbol.asyncDispose]()
    },
  }
}

const codes = ({ commit, application }: Delivery) =>
  [commit, application].map((body) => body && readAck(body)!.code)

test('a sender in enhanced mode gets CA and then AA for each of its messages, on one connection', async () => {
  await using door = await startDoor('')
  const ids = Array.from({ length: 8 }, (_, n) => `C${n}`)
  const given = await Promise.all(ids.map((id) => door.client.deliver(oru(id, id, '|||AL|AL'))))
  expect(given.map(codes)).toEqual(ids.map(() => ['CA', 'AA']))
  expect(await door.states()).toEqual(ids.map(() => ({ state: 'done' })))
})

test('after processing, AA comes when the resources are written', async () => {
  await using door = await startDoor('acknowledge: after-processing\n')
  expect(codes(await door.client.deliver(oru('C1')))).toEqual([undefined, 'AA'])
  expect(await door.states()).toEqual([{ state: 'done' }])
})
