import { expect, test } from 'vitest'
import { Failure } from './kernel/failure.ts'
import { makeLog } from './log.ts'

function capture(format: 'json' | 'text' = 'json') {
  const lines: string[] = []
  const log = makeLog({ level: 'info', format, output: { write: (line) => lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> }
}

test('a line is one JSON object with time, level, message and fields', () => {
  const { log, last } = capture()
  log.child({ part: 'http' }).info({ port: 8080 }, 'listening')
  expect(last()).toMatchObject({ level: 'info', message: 'listening', part: 'http', port: 8080 })
  expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT/)
})

test('what is below the level is not written', () => {
  const { log, lines } = capture()
  log.debug({}, 'quiet')
  expect(lines).toEqual([])
})

test('secrets are cut out by their names, wherever they stand, and stay where they were', () => {
  const { log, lines, last } = capture()
  const fields = {
    clientSecret: 'hush',
    request: { authorization: 'Bearer hush', headers: [{ cookie: 'hush' }], path: '/x' },
    url: { host: 'db', password: 'hush' },
  }
  log
    .child({ token: 'hush', part: 'http' })
    .child({ other: { secret: 'hush' } })
    .info(fields, 'x')
  expect(lines.join()).not.toContain('hush')
  expect(last()).toMatchObject({ part: 'http', request: { path: '/x' }, url: { host: 'db' } })
  expect(fields.clientSecret).toBe('hush')
})

test('what refers to itself, and what lies deep, does not hold up the line', () => {
  const { log, lines, last } = capture()
  const loop: Record<string, unknown> = { name: 'loop' }
  loop['self'] = loop
  log.info({ loop, deep: { a: { b: { c: { d: { secret: 'hush' } } } } } }, 'x')
  expect(last()).toMatchObject({ loop: { name: 'loop' }, message: 'x' })
  expect(lines.join()).not.toContain('hush')
})

test("an error's own words stay out: they may quote a patient's data", () => {
  const { log, lines, last } = capture()
  const cause = new SyntaxError('Unexpected token D in "Dupont"')
  log.error({ error: new Failure('invalid', 'json-syntax', { line: 1 }, { cause }) }, 'refused')
  expect(lines.join()).not.toContain('Dupont')
  expect(last()['error']).toMatchObject({
    kind: 'invalid',
    code: 'json-syntax',
    cause: { name: 'SyntaxError' },
  })
})

test('at a terminal a line is for reading', () => {
  const { log, lines } = capture('text')
  log.info({ part: 'http', port: 8080 }, 'listening')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info  listening part=http port=8080\n$/)
})
