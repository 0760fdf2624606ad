/** What became of one message: converted or not and why, what is invalid, what refers to nothing, what was warned about. */
import { makeElementTree, loadDefinitions, makeValidator } from '../../../src/fhir/index.ts'
import { parseMessage } from '../../../src/hl7/index.ts'
import { Failure } from '../../../src/kernel/failure.ts'
import type { Json } from '../../../src/kernel/json.ts'
import {
  compileMapping,
  mapMessage,
  readMappingFiles,
  structureOf,
  toTransactionBundle,
} from '../../../src/mapping/index.ts'
import { compareBundles, type FactScore } from './facts.ts'
import type { Source } from './sources.ts'
import { unsaid } from './unsaid.ts'

export interface Verdict {
  readonly name: string
  /** `ADT^A01`. */
  readonly type: string
  /** `kept`: no table for its type. `held`: it can't be read or mapped. `failed`: a fault of ours. */
  readonly outcome: 'converted' | 'kept' | 'held' | 'failed'
  readonly reason: string
  /** Resource type → how many. */
  readonly resources: Readonly<Record<string, number>>
  /** Expression and what is wrong. */
  readonly invalid: readonly string[]
  readonly dangling: readonly string[]
  readonly warnings: readonly string[]
  readonly unsaid: readonly { readonly path: string; readonly text: string }[]
  /** Where a bundle is expected. */
  readonly facts: readonly FactScore[]
}

export type Judge = (source: Source) => Verdict

/** @param folder config/mapping */
export async function makeJudge(folder: string): Promise<Judge> {
  const definitions = loadDefinitions()
  const program = compileMapping(await readMappingFiles(folder), makeElementTree(definitions))
  const validator = makeValidator(definitions)

  return ({ name, raw, expected }) => {
    const nothing = {
      name,
      type: '?',
      resources: {},
      invalid: [],
      dangling: [],
      warnings: [],
      unsaid: [],
      facts: [],
    }
    try {
      const message = parseMessage(raw)
      const type = `${message.get('MSH-9.1') ?? ''}^${message.get('MSH-9.2') ?? ''}`
      if (structureOf(program, message) === undefined)
        return { ...nothing, type, outcome: 'kept', reason: 'message-not-mapped' }
      const { resources, warnings } = mapMessage(program, message, CONTEXT)
      const bundle = toTransactionBundle(resources)
      return {
        name,
        type,
        outcome: 'converted',
        reason: '',
        resources: countBy(resources.map((each) => each.type)),
        invalid: resources.flatMap((each) =>
          validator
            .validate(each.resource, each.type)
            .filter(({ severity }) => severity === 'error' || severity === 'fatal')
            .map(({ expression, diagnostics }) => `${expression?.join() ?? ''}: ${diagnostics}`),
        ),
        dangling: danglingIn(resources.map(({ resource }) => resource)),
        warnings: warnings.map(
          ({ code, about, count }) => `${code} ${about}${count > 1 ? ` ×${count}` : ''}`,
        ),
        unsaid: unsaid(
          message,
          resources.map(({ resource }) => resource),
        ),
        facts:
          expected === undefined
            ? []
            : compareBundles(expected, JSON.parse(JSON.stringify(bundle)) as typeof bundle),
      }
    } catch (error) {
      if (error instanceof Failure) return { ...nothing, outcome: 'held', reason: error.code }
      return { ...nothing, outcome: 'failed', reason: (error as Error).stack ?? String(error) }
    }
  }
}

const CONTEXT = { tenantKey: 'judge', channel: 'judge', receivedAt: Date.parse('2026-01-01T00:00:00Z') }

function countBy(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const type of types.toSorted()) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

/** `Type/id` references that lead to nothing among the resources. */
function danglingIn(resources: readonly Json[]): string[] {
  const known = new Set(
    (resources as { resourceType: string; id: string }[]).map(
      ({ resourceType, id }) => `${resourceType}/${id}`,
    ),
  )
  const references = JSON.stringify(resources).matchAll(/"reference":"([^"#]+)"/g)
  return [...references].map(([, reference]) => reference!).filter((reference) => !known.has(reference))
}
