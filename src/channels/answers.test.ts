import { describe, expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { readAck } from '../hl7/index.ts'
import { Failure } from '../kernel/failure.ts'
import type { ChannelsDeps } from './channels.ts'
import { labChannel, memoryQueue, NOTED_TABLE, oru, peer, testChannels, transform } from './testing.ts'

interface Given extends Partial<ChannelsDeps> {
  /** Lines of YAML. */
  readonly settings: string
  /** False: messages are taken in and nobody handles them. */
  readonly working?: boolean
}

async function startChannels({ settings, working = true, ...given }: Given) {
  const database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  await ownerQuery(NOTED_TABLE)
  const wakeQueue = memoryQueue()
  const channels = testChannels(db, tenant, { channels: [labChannel(settings)], wakeQueue, ...given })
  if (working) await channels.startWork()
  const intake = channels.intakeFor('lab')
  return {
    channels,
    database,
    async send(frame: Buffer) {
      const followed: Promise<Buffer | undefined>[] = []
      const answer = await intake(frame, peer, (body) => void followed.push(Promise.resolve(body)))
      const later = await Promise.all(followed)
      const told = (body: Buffer | undefined) => body && readAck(body)
      return { bytes: answer, now: told(answer), later: later.map(told).find((ack) => ack !== undefined) }
    },
    async [Symbol.asyncDispose]() {
      channels.stopWaiting()
      await channels.stopWork()
      await database[Symbol.asyncDispose]()
    },
  }
}

const AFTER = 'acknowledge: after-processing\n'
/** Holds every message. */
const refusing = (): never => {
  throw new Failure('invalid', 'validation-failed')
}

describe('after processing', () => {
  test('AA says that the resources are written, and a resend gets the same bytes', async () => {
    await using lab = await startChannels({ settings: AFTER })
    const first = await lab.send(oru('C1'))
    expect(first.now).toMatchObject({ code: 'AA', controlId: 'C1' })
    expect(await lab.database.ownerQuery('select state from passerelle.message')).toEqual([{ state: 'done' }])
    expect((await lab.send(oru('C1'))).bytes).toEqual(first.bytes)
  })

  test('a message that is held gets AE with the reason, and AA once it was released and handled', async () => {
    let broken = true
    await using lab = await startChannels({
      settings: AFTER,
      transform: (input) => (broken ? refusing() : transform(input)),
    })
    const { now } = await lab.send(oru('C1'))
    expect(now).toMatchObject({ code: 'AE', errorCodes: ['207'] })
    expect((await lab.send(oru('C2', '1'))).now, 'behind it').toMatchObject({ code: 'AE' })
    broken = false
    const [held] = await lab.channels.held('lab', { limit: 1 })
    await lab.channels.decide('lab', held!.id, 'release', { id: 'test', kind: 'user' })
    expect((await lab.send(oru('C1'))).now).toMatchObject({ code: 'AA' })
    expect((await lab.send(oru('C2', '1'))).now).toMatchObject({ code: 'AA' })
  })

  test('a type that the channel holds gets AR', async () => {
    await using lab = await startChannels({
      settings: AFTER,
      transform: () => {
        throw new Failure('unsupported', 'message-not-mapped')
      },
    })
    expect((await lab.send(oru('C1'))).now).toMatchObject({ code: 'AR', errorCodes: ['200'] })
  })

  test('the wait is bounded, and ends when the doors close', async () => {
    await using lab = await startChannels({
      settings: `${AFTER}acknowledgeTimeoutSeconds: 0.2\n`,
      working: false,
    })
    expect((await lab.send(oru('C1'))).now).toMatchObject({ code: 'AE', errorCodes: ['207'] })
    await using patient = await startChannels({ settings: AFTER, working: false })
    const sent = patient.send(oru('C1'))
    setTimeout(() => patient.channels.stopWaiting(), 50)
    expect((await sent).now).toMatchObject({ code: 'AE' })
  })

  test('bytes that are refused at the door are answered at once', async () => {
    await using lab = await startChannels({ settings: AFTER, working: false })
    expect((await lab.send(Buffer.from('nothing'))).now).toMatchObject({ code: 'AR' })
  })
})

describe('by message', () => {
  test('MSH-15 gets its commit acknowledgement, MSH-16 its application acknowledgement', async () => {
    await using lab = await startChannels({ settings: '' })
    expect(await lab.send(oru('C1', '1', '|||AL|AL'))).toMatchObject({
      now: { code: 'CA', controlId: 'C1' },
      later: { code: 'AA', controlId: 'C1' },
    })
    expect(await lab.send(oru('C2', '1', '|||NE|AL'))).toMatchObject({
      now: undefined,
      later: { code: 'AA' },
    })
    expect(await lab.send(oru('C3', '1', '|||AL|ER'))).toMatchObject({
      now: { code: 'CA' },
      later: undefined,
    })
    expect(await lab.send(oru('C4'))).toMatchObject({ now: { code: 'AA' }, later: undefined })
  })

  test('MSH-16 ER is answered when the message is held', async () => {
    await using lab = await startChannels({ settings: '', transform: refusing })
    expect(await lab.send(oru('C1', '1', '|||AL|ER'))).toMatchObject({
      now: { code: 'CA' },
      later: { code: 'AE' },
    })
    expect(await lab.send(oru('C2', '2', '|||AL|SU'))).toMatchObject({
      now: { code: 'CA' },
      later: undefined,
    })
  })

  test('on commit means that nothing comes later', async () => {
    await using lab = await startChannels({ settings: 'acknowledge: on-commit\n' })
    expect(await lab.send(oru('C1', '1', '|||AL|AL'))).toMatchObject({
      now: { code: 'CA' },
      later: undefined,
    })
  })
})
