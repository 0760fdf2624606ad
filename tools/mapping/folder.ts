/** Where our tables are, and the arguments that the programs share. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDefinitions, makeElementTree } from '../../src/fhir/index.ts'
import { parseTsv } from '../../src/mapping/v2/tsv.ts'
import { carryOver, type CarriedOver } from './carry-over.ts'
import { readOfficialTables } from './official.ts'

const MAPPING = fileURLToPath(new URL('../../config/mapping/', import.meta.url))

/** The file of a table, its text ('' when there is none), and its rows. */
export function presentTable(name: string): {
  file: string
  text: string
  rows: readonly Record<string, string>[]
} {
  const file = join(MAPPING, name)
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return { file, text, rows: text === '' ? [] : parseTsv(text).rows }
}

/** The tables of a folder of config/mapping: `messages/ORU_R01.tsv`. */
export function tablesIn(folder: string): string[] {
  const names = readdirSync(join(MAPPING, folder)).filter((name) => name.endsWith('.tsv'))
  return names.toSorted().map((name) => `${folder}/${name}`)
}

/** What the official tables in a folder become. @throws Error when no folder is given or it does not hold them */
export function carryOverFrom(folder: string | undefined): CarriedOver {
  if (folder === undefined)
    throw new Error("Say where HL7's v2-to-FHIR tables are: npm run mapping:coverage -- DIR")
  return carryOver(readOfficialTables(folder), makeElementTree(loadDefinitions()))
}

/** Runs a program and ends with its code; an error is one line. */
export function runProgram(run: (args: readonly string[]) => number): void {
  try {
    process.exitCode = run(process.argv.slice(2))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
