/** For tests: the project's own tables, compiled, and messages of our own making. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadDefinitions, makeElementTree, makeValidator } from '../../../fhir/index.ts'
import { parseMessage, type Hl7Message } from '../../../hl7/index.ts'
import {
  compileMapping,
  mapMessage,
  readMappingFiles,
  type Mapped,
  type MappedResource,
  type MappingContext,
  type Program,
} from '../index.ts'

export const MAPPING_FOLDER = fileURLToPath(new URL('../../../../config/mapping/', import.meta.url))

const definitions = loadDefinitions()
export const tree = makeElementTree(definitions)
const validator = makeValidator(definitions)
const files = await readMappingFiles(MAPPING_FOLDER)
export const program = compileMapping(files, tree)

export const CONTEXT: MappingContext = {
  tenantKey: 'demo',
  channel: 'lab',
  receivedAt: Date.parse('2026-03-10T07:20:00Z'),
}

/** A message of testing/*.hl7, with replacements. */
export function sample(name: string, ...replaced: readonly (readonly [string, string])[]): Hl7Message {
  let text = readFileSync(new URL(`${name}.hl7`, import.meta.url), 'utf8')
  for (const [from, to] of replaced) {
    if (!text.includes(from)) throw new Error(`${name} does not hold ${from}`)
    text = text.replace(from, to)
  }
  return parseMessage(text.replaceAll('\n', '\r'))
}

/** A message from its segments. */
export function message(...segments: readonly string[]): Hl7Message {
  return parseMessage(segments.join('\r'))
}

export function map(from: Hl7Message, context: Partial<MappingContext> = {}): Mapped {
  return mapMessage(program, from, { ...CONTEXT, ...context })
}

/** The tables with those of a preset over them. */
export async function presetProgram(preset: string): Promise<Program> {
  const folder = fileURLToPath(new URL(`../../../../config/presets/${preset}/mapping/`, import.meta.url))
  return compileMapping(files, tree, { overrides: [await readMappingFiles(folder)] })
}

export function ofType(mapped: Mapped, type: string): MappedResource[] {
  return mapped.resources.filter((each) => each.type === type)
}

export function only(mapped: Mapped, type: string): MappedResource {
  const found = ofType(mapped, type)
  if (found.length !== 1) throw new Error(`${found.length} of ${type}`)
  return found[0]!
}

/** What the R4 validator says against the resources, as text. */
export function problems(mapped: Mapped): string[] {
  return mapped.resources.flatMap(({ type, resource }) =>
    validator
      .validate(resource, type)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ expression, diagnostics }) => `${expression?.join()} ${diagnostics}`),
  )
}

/** References of the form Type/id that lead to nothing in the result. */
export function dangling(mapped: Mapped): string[] {
  const known = new Set(mapped.resources.map(({ type, id }) => `${type}/${id}`))
  const references = JSON.stringify(mapped.resources.map(({ resource }) => resource)).matchAll(
    /"reference":"([^"#]+)"/g,
  )
  return [...references].map(([, reference]) => reference!).filter((reference) => !known.has(reference))
}

/** What is wrong with a result: invalid resources, references that lead to nothing, another result the second time. */
export function faults(from: Hl7Message, context: Partial<MappingContext> = {}): string[] {
  const [first, second] = [map(from, context), map(from, context)]
  const again = JSON.stringify(first) === JSON.stringify(second) ? [] : ['another result the second time']
  return [...problems(first), ...dangling(first), ...again]
}

/** `Type/id` of a resource, as references say it. */
export function reference({ type, id }: MappedResource): { reference: string } {
  return { reference: `${type}/${id}` }
}
