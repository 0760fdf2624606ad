/** Runs one command line: finds the command, gives help, turns failures into a line and an exit code. */
import { asFailure, Failure } from '../kernel/failure.ts'
import type { Command, Io } from './command.ts'
import { commands } from './commands.ts'
import { explain } from './explain.ts'

const USED_WRONGLY = 2
const FAILED = 1

/** Takes the words after the program's name; resolves to the exit code. */
export async function runCli(words: readonly string[], io: Io, known = commands): Promise<number> {
  const [name, ...args] = words
  if (name === undefined || name === 'help' || isHelp(name)) {
    io.out(await overview(known))
    return name === undefined ? USED_WRONGLY : 0
  }
  const load = Object.hasOwn(known, name) ? known[name] : undefined
  if (load === undefined) {
    io.err(`passerelle: there is no command ${name}; passerelle --help lists them\n`)
    return USED_WRONGLY
  }
  const command = await load()
  if (asksForHelp(args)) {
    io.out(command.usage)
    return 0
  }
  return runCommand(command, args, io)
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  try {
    return (await command.run(args, io)) ?? 0
  } catch (thrown) {
    const wrong = usageMessage(thrown)
    if (wrong !== undefined) {
      io.err(`passerelle ${command.name}: ${wrong}\n\n${command.usage}`)
      return USED_WRONGLY
    }
    const failure = asFailure(thrown)
    if (failure.kind === 'internal') io.log('err').error({ error: thrown }, 'unexpected failure')
    for (const line of explain(failure)) io.err(`passerelle: ${line}\n`)
    return FAILED
  }
}

/** Our own usage failures, and those of node:util's parseArgs. */
function usageMessage(thrown: unknown): string | undefined {
  if (thrown instanceof Failure && thrown.code === 'usage') return String(thrown.params['message'])
  const { code, message } = thrown as { code?: unknown; message?: unknown }
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_') ? String(message) : undefined
}

async function overview(known: typeof commands): Promise<string> {
  const loaded = await Promise.all(Object.values(known).map((load) => load()))
  const width = Math.max(...loaded.map(({ name }) => name.length))
  const lines = loaded.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'Usage: passerelle COMMAND …',
    '',
    ...lines,
    '',
    'passerelle COMMAND --help tells more of a command.',
    '',
  ].join('\n')
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h'

/** Up to `--`: what comes after it is no option. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end === -1 ? args : args.slice(0, end)).some(isHelp)
}
