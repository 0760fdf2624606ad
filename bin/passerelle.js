#!/usr/bin/env node
/**
 * Runs the program on Node 24, which the dependency `node` brings, whatever Node called this file.
 * Plain JavaScript of the old kind: this file itself must run on any Node.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const program = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  await import(program)
} else {
  const node = createRequire(import.meta.url).resolve('node/bin/node')
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
