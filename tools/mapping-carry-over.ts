/**
 * Carries HL7's official v2-to-FHIR rules over into config/mapping, in our form, with tools/mapping/*corrections.ts.
 *   npm run mapping:carry-over -- DIR     writes the tables; rows of origin `own` stay
 *   npm run mapping:coverage -- DIR       says what became of each official row; -v lists every row
 * DIR holds the official tables (folders messages, segments, datatypes, codesystems).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDefinitions, makeElementTree } from '../src/fhir/index.ts'
import { parseTsv } from '../src/mapping/v2/tsv.ts'
import { carryOver, fileOf, writeTable, type CarriedOver, type Kind } from './mapping/carry-over.ts'
import { readOfficialTables } from './mapping/official.ts'

const MAPPING = fileURLToPath(new URL('../config/mapping/', import.meta.url))

function main(args: readonly string[]): number {
  const [command, folder, ...flags] = args
  if (folder === undefined || (command !== 'carry-over' && command !== 'coverage')) {
    console.error("Say where HL7's v2-to-FHIR tables are: npm run mapping:coverage -- DIR")
    return 1
  }
  const made = carryOver(readOfficialTables(folder), makeElementTree(loadDefinitions()))
  return command === 'carry-over' ? write(made) : report(made, flags.includes('-v'))
}

function write({ tables, fates }: CarriedOver): number {
  for (const table of tables) {
    const file = join(MAPPING, fileOf(table.kind, table.map))
    const present = existsSync(file) ? parseTsv(readFileSync(file, 'utf8')).rows : []
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, writeTable(table, present))
  }
  const problems = fates.filter(({ outcome }) => outcome.did === 'problem')
  for (const { map, official, outcome } of problems) {
    console.error(`${map}, ${official}: ${'because' in outcome ? outcome.because : ''}`)
  }
  console.log(`${tables.length} tables written, ${problems.length} official rows without an answer`)
  return problems.length === 0 ? 0 : 1
}

/** Compares what the official rows become with what stands in config/mapping. */
function report({ tables, fates }: CarriedOver, verbose: boolean): number {
  const counts = new Map<string, number>()
  for (const { kind, map, official, outcome } of fates) {
    const did = outcome.did === 'folded' ? 'carried' : outcome.did
    counts.set(`${kind} ${did}`, (counts.get(`${kind} ${did}`) ?? 0) + 1)
    if (verbose || did === 'problem') {
      const why = 'because' in outcome && outcome.because ? ` (${outcome.because})` : ''
      const as = 'rule' in outcome ? ` -> ${outcome.rule['to'] ?? outcome.rule['target']}` : ''
      console.log(`${kind}\t${map}\t${official.replaceAll('\n', ' ')}\t${outcome.did}${as}${why}`)
    }
  }
  let own = 0
  let drift = 0
  for (const table of tables) {
    const file = join(MAPPING, fileOf(table.kind, table.map))
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const present = text === '' ? [] : parseTsv(text).rows
    own += present.filter(({ origin }) => origin === 'own').length
    if (writeTable(table, present) === text) continue
    drift += 1
    console.log(`${fileOf(table.kind, table.map)} differs from the official rules and the corrections`)
  }
  for (const kind of ['messages', 'segments', 'datatypes', 'vocabulary'] satisfies Kind[]) {
    const of = (did: string): number => counts.get(`${kind} ${did}`) ?? 0
    const all = of('carried') + of('corrected') + of('left-out') + of('problem')
    console.log(
      `${kind.padEnd(10)} ${all} official rows: ${of('carried')} covered, ${of('corrected')} corrected, ${of('left-out')} left out, ${of('problem')} open`,
    )
  }
  console.log(`${own} rows of our own beside them, ${drift} tables that differ`)
  return drift === 0 && ![...counts.keys()].some((key) => key.endsWith('problem')) ? 0 : 1
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
