/** The program as a process of its own, as an operator starts it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface Program extends AsyncDisposable {
  readonly child: ChildProcess
  /** All that it has said so far. */
  stdout(): string
  stderr(): string
  /** Resolves when the pattern is seen on stdout; rejects when the program ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves to the exit code; null after a signal that it did not handle. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

/** Starts `passerelle …words`. Only what is given here is set of PASSERELLE_*. Disposing stops it, if it runs. */
export function runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Program {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PASSERELLE_'))
  const env = { ...Object.fromEntries(inherited), ...variables }
  const child = spawn(process.execPath, [CLI, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    ended,
    stdout: () => out.stdout,
    stderr: () => out.stderr,
    kill: (signal) => void child.kill(signal),
    said(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(out.stdout)
          if (found) resolve(found)
        }
        child.stdout.on('data', look)
        look()
        void ended.then(() => reject(new Error(`it ended before it said ${pattern}: ${out.stderr}`)))
      })
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

/** Any free port for each listener, so that tests never meet. */
export function anyPorts(dataDir: string): Record<string, string> {
  return {
    PASSERELLE_DATA_DIR: dataDir,
    PASSERELLE_HTTP_PORT: '0',
    PASSERELLE_MLLP_PORT: '0',
    PASSERELLE_DICOM_PORT: '0',
  }
}
