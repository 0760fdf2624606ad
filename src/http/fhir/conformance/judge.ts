/** For tests: resources made up for it, and queries with the ids that each has to find by the specification. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from '../fixture.ts'

/** JSON text, or what becomes it: as text decimals are as written. */
export type Sample =
  | string
  | ({ readonly resourceType: string; readonly id: string } & Record<string, unknown>)

/** `Type?query` and the ids it finds, in any order, or the status with which it is refused. */
export type Case = readonly [query: string, finds: string | number]

export interface FoundBundle {
  readonly total?: number
  readonly link: readonly { relation: string; url: string }[]
  readonly entry?: readonly {
    fullUrl?: string
    resource: Record<string, unknown>
    search: { mode: string; score?: number }
  }[]
}

/** Puts the resources and judges each case in a test of its own. */
export function judge(
  title: string,
  samples: readonly Sample[],
  cases: readonly Case[],
): { fhir(): TestFhir } {
  const server = serve(samples)
  describe(title, () => {
    test.each(cases)('%s → %s', async (query, finds) => {
      const { status, text, json } = await server
        .fhir()
        .call('GET', `/${encodeQuery(query.replaceAll('{{base}}', server.fhir().base))}`)
      if (typeof finds === 'number') {
        expect([status, text]).toEqual([finds, expect.stringContaining('OperationOutcome')])
        return
      }
      expect(status, text).toBe(200)
      expect(idsOf(json as unknown as FoundBundle)).toBe(finds)
    })
  })
  return server
}

/** A server with these resources, for the tests of a file. */
export function serve(samples: readonly Sample[]): { fhir(): TestFhir } {
  let started: TestFhir
  beforeAll(async () => {
    // What is referred to need not be there: half of the questions are about that.
    started = await startFhir({}, undefined, { referentialIntegrity: 'off' })
    await put(started, samples)
  }, 30_000)
  afterAll(() => started[Symbol.asyncDispose]())
  return { fhir: () => started }
}

/** In one batch, each with its own id. */
async function put(fhir: TestFhir, samples: readonly Sample[]): Promise<void> {
  const entries = samples.map((sample) => {
    const text = typeof sample === 'string' ? sample : JSON.stringify(sample)
    const { resourceType, id } = JSON.parse(text) as Record<string, string>
    return `{"request":{"method":"PUT","url":"${resourceType}/${id}"},"resource":${text}}`
  })
  const bundle = `{"resourceType":"Bundle","type":"batch","entry":[${entries.join(',')}]}`
  const { status, json, text } = await fhir.call('POST', '', bundle.replaceAll('{{base}}', fhir.base))
  expect(status, text).toBe(200)
  const { entry } = json as unknown as { entry: { response: { status: string; outcome?: unknown } }[] }
  const refused = entry.flatMap(({ response }, i) =>
    response.status.startsWith('20') ? [] : [`${entries[i]}: ${JSON.stringify(response)}`],
  )
  expect(refused, 'samples that are not valid').toEqual([])
}

/** Ids of the matches, in alphabetical order. */
export function idsOf(bundle: FoundBundle, mode = 'match'): string {
  return inOrder(bundle, mode).toSorted().join(' ')
}

export function inOrder(bundle: FoundBundle, mode = 'match'): string[] {
  return (bundle.entry ?? [])
    .filter(({ search }) => search.mode === mode)
    .map(({ resource }) => String(resource['id']))
}

/** Spaces and plus signs as a client has to send them; the rest of a query is written as it is sent. */
function encodeQuery(query: string): string {
  const mark = query.indexOf('?')
  if (mark < 0) return query
  return (
    query.slice(0, mark) +
    query.slice(mark).replaceAll('+', '%2B').replaceAll(' ', '%20').replaceAll('#', '%23')
  )
}
