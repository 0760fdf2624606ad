/**
 * Every search parameter of R4 on every resource type: a resource is found by each kind of value that the parameter's
 * expression has, as the general evaluator reads it, and not by another; and `:missing` knows it.
 * https://hl7.org/fhir/R4/searchparameter-registry.html
 */
import { evalFhirPathTyped, toTypedValue, type TypedValue } from '@medplum/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import { loadDefinitions, makeSearchParameters, type SearchParameter } from '../../fhir/index.ts'
import { makeGeneralEvaluator } from '../../fhir/testing/general-evaluator.ts'
import { sampleResource } from '../../fhir/testing/sample-resource.ts'
import { otherValue, searchValue } from '../../fhir/testing/search-values.ts'
import { systemClock } from '../../kernel/clock.ts'
import { exactJsonOf, type JsonObject } from '../../kernel/json.ts'
import { searchFor, testStore } from '../testing.ts'

const definitions = loadDefinitions()
const parameters = makeSearchParameters(definitions)

/** Shallow samples first; what they don't show is looked for in deeper ones. */
const SAMPLES = [
  ...Array.from({ length: 30 }, (_, seed) => ({ seed, depth: 3 })),
  ...Array.from({ length: 300 }, (_, seed) => ({ seed: 60 + seed, depth: 5 })),
]

/** Without values in samples, which leave out resources in resources and positions; they have tests of their own. */
const UNSEEN = ['Bundle.composition', 'Bundle.message', 'Location.near']

async function setUp() {
  const database = await testDatabase()
  makeGeneralEvaluator()
  // Samples are valid in structure only.
  const validator = { validate: () => [], review: () => [] }
  const { repository, search } = testStore(database.db, systemClock, 'off', validator)
  const unseen: string[] = []
  return { database, repository, search, unseen }
}
let made: Awaited<ReturnType<typeof setUp>>
beforeAll(async () => {
  made = await setUp()
}, 60_000)
afterAll(() => made.database[Symbol.asyncDispose]())

/** AuditEvents are a view of the audit trail: src/audit/audit-events.test.ts. */
const TYPES = definitions.resourceTypes.filter((type) => type !== 'AuditEvent')

describe('found by its own value, not by another', () => {
  test.each(TYPES)('%s', async (type) => {
    const samples = samplesOf(type)
    const resources = new Map(samples.map(({ resource }) => [String(resource['id']), resource]))
    await made.repository.commit(
      made.database.tenant,
      [...resources].map(([id, resource]) => ({ type, id, make: () => exactJsonOf(resource) })),
    )
    const wrong = await Promise.all(samples.map((sample) => judged(type, sample)))
    expect(wrong.flat()).toEqual([])
  })

  test('no parameter was left out', () => expect(made.unseen).toEqual(UNSEEN))
})

/** By the index; by the row, among those that don't lack it; and not by another value. */
async function judged(type: string, { param, of, text, resource }: Sample): Promise<string[]> {
  const { code } = param
  const query = `${code}=${encodeURIComponent(text)}`
  const present = param.type === 'composite' ? '' : `&${code}:missing=false`
  const [found, own, other] = await Promise.all([
    totalOf(type, query),
    totalOf(type, `${query}${present}&_id=${String(resource['id'])}`),
    totalOf(type, `${code}=${encodeURIComponent(otherThan(param))}`),
  ])
  return found! > 0 && own === 1 && other === 0 ? [] : [`${type}?${query} (${of}): ${found} ${own} ${other}`]
}

async function totalOf(type: string, query: string): Promise<number> {
  const { total } = await made.search.search(made.database.tenant, searchFor(type, `${query}&_count=0`))
  return total!
}

function otherThan(param: SearchParameter): string {
  if (param.type !== 'composite') return otherValue(param.type)
  return parameters
    .components(param)
    .map(({ type }) => otherValue(type))
    .join('$')
}

interface Sample {
  readonly param: SearchParameter
  /** FHIR type of the value. */
  readonly of: string
  /** What it is searched by. */
  readonly text: string
  readonly resource: JsonObject
}

/** For each parameter one resource with each type of value that its expression can have. */
function samplesOf(type: string): readonly Sample[] {
  const found = new Map<string, Sample>()
  const unseen = new Set(
    [...parameters.of(type).values()].filter(
      ({ expression, code }) =>
        expression && !OF_THE_ROW.has(code) && (type === 'Basic' || !code.startsWith('_')),
    ),
  )
  const wanted = [...unseen]
  for (const { seed, depth } of SAMPLES) {
    const looked = depth === 3 ? wanted : [...unseen]
    if (looked.length === 0) break
    const resource: JsonObject = {
      ...sampleResource(definitions, type, seed, depth),
      id: `s${seed}`,
      // One in force would have to work.
      ...(type === 'SearchParameter' && { status: 'retired' }),
    }
    for (const param of looked) {
      for (const { of, text } of textsOf(param, type, resource)) {
        const key = `${param.code} ${of}`
        if (!found.has(key)) found.set(key, { param, of, text, resource })
        unseen.delete(param)
      }
    }
  }
  made.unseen.push(...[...unseen].map(({ code }) => `${type}.${code}`))
  return [...found.values()]
}

/** Of the row: search.test.ts. Those of all resources are looked at once. */
const OF_THE_ROW: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function textsOf(param: SearchParameter, type: string, resource: JsonObject): { of: string; text: string }[] {
  const expression = param.expression!.replaceAll('Resource.', `${type}.`)
  const values = evaluate(expression, toTypedValue(resource), resource)
  if (param.type === 'composite') return values.flatMap((base) => compositeText(param, base, resource))
  return values.flatMap((value) => textOf(param.type, value) ?? [])
}

/** One value of each component, joined; none when one of them has none. */
function compositeText(param: SearchParameter, base: TypedValue, resource: JsonObject) {
  const parts = parameters.components(param).map(({ type }, i) => {
    // R4 has the expressions of this one in the order that its components don't have.
    const at = param.code === 'relationship' ? 1 - i : i
    const values = evaluate(param.components[at]!.expression, base, resource)
    return values.map((value) => textOf(type, value)).find((text) => text !== undefined)
  })
  if (parts.includes(undefined)) return []
  const all = parts.map((part) => part!)
  return [{ of: all.map(({ of }) => of).join('$'), text: all.map(({ text }) => text).join('$') }]
}

function textOf(kind: SearchParameter['type'], { type: of, value }: TypedValue) {
  const text = searchValue(kind, of, value as JsonObject)
  return text === undefined ? undefined : { of, text }
}

function evaluate(expression: string, focus: TypedValue, resource: JsonObject): TypedValue[] {
  return evalFhirPathTyped(expression, [focus], { '%resource': toTypedValue(resource) })
}
