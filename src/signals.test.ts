import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { parentEnded, watchSignals } from './signals.ts'

function setUp() {
  const exits: number[] = []
  let now = 0
  const program = Object.assign(new EventEmitter(), {
    exit: (code: number) => void exits.push(code) as never,
  })
  return { program, exits, pass: (ms: number) => void (now += ms), signals: watchSignals(program, () => now) }
}

test('before anybody waits for a signal it does what it always does', () => {
  expect(setUp().program.listenerCount('SIGTERM')).toBe(0)
})

test('the first signal asks to stop, one that comes later ends the program at once', async () => {
  const { program, exits, pass, signals } = setUp()
  const first = signals.first
  program.emit('SIGTERM')
  await first
  pass(1500)
  expect(exits).toEqual([])
  program.emit('SIGINT')
  expect(exits).toEqual([1])
})

test('the same Ctrl-C that comes twice is one', async () => {
  const { program, exits, pass, signals } = setUp()
  const first = signals.first
  program.emit('SIGINT')
  pass(20)
  program.emit('SIGINT')
  await first
  expect(exits).toEqual([])
})

test('an orphan notices', async () => {
  let parent = 100
  const ended = parentEnded(() => parent, 1)
  parent = 1
  await expect(ended).resolves.toBeUndefined()
})
