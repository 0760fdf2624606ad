import { expect, test } from 'vitest'
import { Failure } from './kernel/failure.ts'
import { silentLog } from './kernel/log.ts'
import { startParts, type Part } from './lifecycle.ts'

function makeParts(names: string[], broken: { start?: string; stop?: string } = {}) {
  const events: string[] = []
  const parts = names.map((name): Part => ({
    name,
    async start() {
      if (broken.start === name)
        throw new Failure('unavailable', 'port-in-use', { host: '127.0.0.1', port: 80 })
      events.push(`${name} starts`)
      return [{ name, url: `test://127.0.0.1/${name}` }]
    },
    async stop() {
      events.push(`${name} stops`)
      if (broken.stop === name) throw new Error('does not stop')
    },
  }))
  return { events, parts }
}

test('parts start in order, tell where they are, and stop in the opposite order', async () => {
  const { events, parts } = makeParts(['a', 'b'])
  const started = await startParts(parts, silentLog)
  expect(started.endpoints.map(({ name }) => name)).toEqual(['a', 'b'])
  await started.stop()
  expect(events).toEqual(['a starts', 'b starts', 'b stops', 'a stops'])
})

test('when a part cannot start, those before it stop, and the failure names it', async () => {
  const { events, parts } = makeParts(['a', 'b', 'c'], { start: 'b' })
  await expect(startParts(parts, silentLog)).rejects.toMatchObject({
    code: 'port-in-use',
    params: { port: 80, part: 'b' },
  })
  expect(events).toEqual(['a starts', 'b stops', 'a stops'])
})

test('a part that does not stop in order keeps no other from stopping', async () => {
  const { events, parts } = makeParts(['a', 'b', 'c'], { stop: 'b' })
  const started = await startParts(parts, silentLog)
  await started.stop()
  expect(events.slice(3)).toEqual(['c stops', 'b stops', 'a stops'])
})

test('stopping twice stops once', async () => {
  const { events, parts } = makeParts(['a'])
  const started = await startParts(parts, silentLog)
  await Promise.all([started.stop(), started.stop()])
  expect(events).toEqual(['a starts', 'a stops'])
})
