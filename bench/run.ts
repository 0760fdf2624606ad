/** `npm run bench -- NAME [options]`: runs one benchmark and prints its figures as JSON. */
import { cpus, totalmem } from 'node:os'

const NAMES = [
  'fhir',
  'search',
  'scale',
  'mllp',
  'dicom',
  'start',
  'hl7',
  'xml',
  'bundles',
  'reindex',
  'feed',
  'soak',
] as const

const [name, ...args] = process.argv.slice(2)
if (!NAMES.some((known) => known === name)) {
  console.error(`usage: npm run bench -- ${NAMES.join('|')} [options]`)
  process.exit(1)
}
const { run } = (await import(`./${name}.ts`)) as { run(args: readonly string[]): Promise<unknown> }
const machine = { cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), node: process.version }
const started = new Date().toISOString()
console.log(JSON.stringify({ bench: name, started, machine, result: await run(args) }, null, 2))
