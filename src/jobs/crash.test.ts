import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { testDatabase } from '../../test/support/database.ts'
import { hasProgram } from '../../test/support/programs.ts'
import { testRedis } from '../../test/support/redis.ts'
import { NOTED_TABLE, notedIds, oru } from '../channels/testing.ts'

const SENDERS = 6
const MESSAGES_EACH = 25
const KILLS = 6

/** A process that takes messages in and handles them, started again after each kill. */
function makeServer(args: readonly string[]) {
  const program = fileURLToPath(new URL('testing/crash-child.ts', import.meta.url))
  let child: ChildProcess
  let ready: Promise<unknown>
  let count = 0

  function start(): void {
    child = fork(program, args, { execArgv: [] })
    child.setMaxListeners(0)
    ready = once(child, 'message')
  }

  /** The acknowledgement, or undefined when the process died before it came. */
  async function offer(frame: Buffer): Promise<string | undefined> {
    const to = child
    const number = ++count
    const answer = Promise.withResolvers<string | undefined>()
    const onMessage = (message: { number?: number; ack?: string }) => {
      if (message.number === number) answer.resolve(message.ack)
    }
    const onExit = () => answer.resolve(undefined)
    to.on('message', onMessage)
    to.once('exit', onExit)
    if (to.exitCode === null && to.signalCode === null) {
      to.send({ number, frame: frame.toString('base64') }, (error) => error && onExit())
    } else onExit()
    const ack = await answer.promise
    to.off('message', onMessage)
    to.off('exit', onExit)
    return ack
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  start()
  return {
    ready: () => ready,
    /** As a real sender does: again and again with the same bytes, until it is acknowledged. */
    async send(frame: Buffer): Promise<void> {
      for (;;) {
        const ack = await offer(frame)
        if (ack?.includes('MSA|AA')) return
        await sleep(20)
      }
    },
    async kill(): Promise<void> {
      await end('SIGKILL')
      start()
    },
    stop: () => end('SIGKILL'),
  }
}

describe.each([
  ['postgres', false],
  ['redis', true],
] as const)('killed at random moments, with the queue on %s', (_name, onRedis) => {
  test.skipIf(onRedis && !hasProgram('redis-server'))(
    'every acknowledged message is handled once, in the order of its patient',
    async () => {
      await using database = await testDatabase()
      await database.ownerQuery(NOTED_TABLE)
      await using redis = onRedis ? await testRedis() : undefined
      const server = makeServer([database.url, redis?.url ?? '', String(database.tenant)])
      await server.ready()

      const senders = Array.from({ length: SENDERS }, async (_, patient) => {
        for (let number = 0; number < MESSAGES_EACH; number += 1) {
          await server.send(oru(`${patient}-${number}`, String(patient)))
          await sleep(Math.random() * 40)
        }
      })
      for (let kill = 0; kill < KILLS; kill += 1) {
        await server.ready()
        await sleep(Math.random() * 250)
        await server.kill()
      }
      await Promise.all(senders)
      await server.ready()
      while ((await database.ownerQuery('select from passerelle.message_turn')).length > 0) await sleep(50)
      await server.stop()

      const handled = await notedIds(database.db, database.tenant)
      for (let patient = 0; patient < SENDERS; patient += 1) {
        const expected = Array.from({ length: MESSAGES_EACH }, (_, number) => `${patient}-${number}`)
        expect(handled.filter((id) => id.startsWith(`${patient}-`))).toEqual(expected)
      }
      expect(handled).toHaveLength(SENDERS * MESSAGES_EACH)
    },
    120_000,
  )
})
