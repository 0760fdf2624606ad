/** Where the messages to judge are: files and folders, several messages in a file, and beside one what is expected of it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { splitBatch } from '../../../src/hl7/index.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'

export interface Source {
  /** File, and which message of it where it holds several. */
  readonly name: string
  readonly raw: Buffer
  /** The bundle of `name.json` or `name.bundle.json` beside `name.hl7`. */
  readonly expected: JsonObject | undefined
}

const MESSAGES = new Set(['.hl7', '.er7', '.txt', '.msg', '.in'])

/** The messages of a file, or of all files below a folder. Files that hold none are passed over. */
export function readSources(path: string): Source[] {
  if (!statSync(path).isDirectory()) return sourcesOf(path)
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted()
  return files.filter((file) => MESSAGES.has(extname(file))).flatMap((file) => sourcesOf(join(path, file)))
}

function sourcesOf(file: string): Source[] {
  const { messages } = splitBatch(withoutFraming(readFileSync(file)))
  const expected = messages.length === 1 ? expectedBeside(file) : undefined
  return messages.map(({ bytes }, at) => ({
    name: messages.length === 1 ? file : `${file}#${at + 1}`,
    raw: bytes,
    expected,
  }))
}

/** VT and FS of a recording are no part of a message. */
function withoutFraming(bytes: Buffer): Buffer {
  return bytes.includes(0x1c) ? (bytes.filter((byte) => byte !== 0x0b && byte !== 0x1c) as Buffer) : bytes
}

function expectedBeside(file: string): JsonObject | undefined {
  const stem = file.slice(0, -extname(file).length)
  const found = [`${stem}.json`, `${stem}.bundle.json`, `${stem}.fhir.json`].find((name) => existsSync(name))
  return found === undefined ? undefined : (JSON.parse(readFileSync(found, 'utf8')) as JsonObject)
}
