/** Reads the mapping tables from a folder: the one place of the mapping that touches files. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MappingFiles } from './compile/tables.ts'

/** Every .tsv below the folder (config/mapping), by its path inside it. */
export async function readMappingFiles(folder: string): Promise<MappingFiles> {
  const names = await readdir(folder, { recursive: true })
  const tables = names.filter((name) => name.endsWith('.tsv')).toSorted()
  const texts = await Promise.all(tables.map((name) => readFile(join(folder, name), 'utf8')))
  return new Map(tables.map((name, at) => [name.replaceAll('\\', '/'), texts[at]!]))
}
