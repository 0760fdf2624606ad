/** The program: `passerelle COMMAND …`. Gives the commands the real outside. */
import { runCli } from './cli/run.ts'
import type { Io } from './cli/command.ts'
import { readConfig, startedByNpm } from './config.ts'
import { makeLog, openLogOutput } from './log.ts'
import { parentEnded, watchSignals } from './signals.ts'

const signals = watchSignals(process)

const outputs = { out: { stream: process.stdout, fd: 1 }, err: { stream: process.stderr, fd: 2 } } as const

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  input: process.stdin,
  config: () => readConfig(),
  log: (to = 'err') => {
    const { level, stream, fd } = { level: readConfig().logLevel, ...outputs[to] }
    if (stream.isTTY) return makeLog({ level, format: 'text', output: stream })
    const output = openLogOutput(fd)
    process.once('exit', () => output.flush())
    return makeLog({ level, format: 'json', output })
  },
  untilStopped: () => Promise.race([signals.first, ...(startedByNpm() ? [parentEnded()] : [])]),
}

// `passerelle channel list | head -1`: the reader has had enough, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// A fault of the program: one line without the words of the error, and the end. The database ends with us.
process.on('uncaughtException', (error) => {
  io.log().error({ error }, 'unexpected failure')
  process.exit(1)
})

const code = await runCli(process.argv.slice(2), io)
// Whatever a command left open must not keep the program: its work is done, and its output is written first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
