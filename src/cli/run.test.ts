import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { Failure } from '../kernel/failure.ts'
import { silentLog } from '../kernel/log.ts'
import { usageFailure, type Command, type Io } from './command.ts'
import { commands } from './commands.ts'
import { runCli } from './run.ts'

const greet: Command = {
  name: 'greet',
  summary: 'say hello',
  usage: 'Usage: passerelle greet NAME\n',
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} })
    if (positionals[0] === undefined) throw usageFailure('a name is missing')
    if (positionals[0] === 'nobody')
      throw new Failure('invalid', 'data-folder-in-use', { folder: '/d', pid: 7 })
    io.out(`hello ${positionals[0]}\n`)
  },
}

async function call(...words: string[]) {
  const seen = { out: '', err: '' }
  const io: Io = {
    out: (text) => void (seen.out += text),
    err: (text) => void (seen.err += text),
    input: Readable.from([]),
    config: () => readConfig({}),
    log: () => silentLog,
    untilStopped: () => new Promise(() => undefined),
  }
  return { code: await runCli(words, io, { greet: async () => greet }), ...seen }
}

test('runs the named command', async () => {
  expect(await call('greet', 'Léa')).toEqual({ code: 0, out: 'hello Léa\n', err: '' })
})

test.each([['--help'], ['-h'], ['help']])('%s lists the commands', async (word) => {
  const { code, out } = await call(word)
  expect(code).toBe(0)
  expect(out).toContain('greet  say hello')
})

test('nothing at all is answered with the list and a failure', async () => {
  expect(await call()).toMatchObject({ code: 2, out: expect.stringContaining('greet') as string })
})

test('--help after a command, wherever it stands, gives its usage', async () => {
  expect(await call('greet', 'Léa', '--help')).toEqual({ code: 0, out: greet.usage, err: '' })
})

test.each([
  { words: ['greet'], said: 'a name is missing' },
  { words: ['greet', '--loud'], said: '--loud' },
  { words: ['sing'], said: 'no command sing' },
  { words: ['toString'], said: 'no command toString' },
])('$words is used wrongly: said on stderr, exit code 2', async ({ words, said }) => {
  const { code, out, err } = await call(...words)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(said)
})

test('a failure is one sentence on stderr and exit code 1', async () => {
  expect(await call('greet', 'nobody')).toEqual({
    code: 1,
    out: '',
    err: 'passerelle: the data folder /d is in use by another Passerelle (process 7)\n',
  })
})

test('every command is listed under its own name and has help that ends its line', async () => {
  for (const [name, load] of Object.entries(commands)) {
    const command = await load()
    expect(command.name).toBe(name)
    expect(command.usage).toMatch(/^Usage: passerelle [^]*\n$/)
  }
})
