import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { CodeSystem, CodeSystemConcept, ValueSet } from '@medplum/fhirtypes'
import { describe, expect, test } from 'vitest'
import { buildTerminology } from './build.ts'

const built = buildTerminology()

test('the data file is what the package gives', () => {
  const file = readFileSync(new URL('../../src/fhir/terminology/r4.ndjson', import.meta.url), 'utf8')
  const lines = built.map((line) => `${JSON.stringify(line)}\n`)
  const unlike = built.filter((_line, index) => !file.includes(lines[index]!))
  expect(unlike.map(([type, url]) => [type, url])).toEqual([])
  expect(file.length).toBe(lines.join('').length)
})

const published = new URL('../../../shared/fhir-samples/r4-definitions/', import.meta.url)

/** FHIR 4.0.1 as HL7 published it. */
function publishedResources<T>(type: string): T[] {
  if (!existsSync(published)) return []
  const bytes = gunzipSync(readFileSync(new URL(`${type}.ndjson.gz`, published)))
  return bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

describe.skipIf(!existsSync(published))('against the published R4 definitions (needs ../shared)', () => {
  test('every code system has the same concepts in the same hierarchy', () => {
    const ours = new Map(of<CodeSystem>('CodeSystem').map(([url, each]) => [url, shapeOf(each.concept)]))
    const different = publishedResources<CodeSystem>('CodeSystem')
      .filter(({ url }) => !url!.includes('/example'))
      .filter(({ url, concept }) => JSON.stringify(ours.get(url!)) !== JSON.stringify(shapeOf(concept)))
    // Two whose publication has the version in the URL, and one with spoilt white space that the package has mended.
    expect(different.map(({ url }) => url!.replace(/.*\//, ''))).toEqual([
      'v2-0550',
      'v2-0360|2.3.1',
      'v2-0360|2.7',
    ])
  })

  test('every value set has the same composition', () => {
    const ours = new Map(of<ValueSet>('ValueSet').map(([url, each]) => [url, composition(each)]))
    const different = publishedResources<ValueSet>('ValueSet')
      .filter(({ url }) => !url!.includes('/example'))
      .filter((each) => JSON.stringify(ours.get(each.url!)) !== JSON.stringify(composition(each)))
    expect(different.map(({ url }) => url)).toEqual([])
  })
})

function of<T>(type: string): (readonly [string, T])[] {
  return built.filter(([kind]) => kind === type).map(([, url, , , resource]) => [url, resource as T])
}

function shapeOf(concepts: readonly CodeSystemConcept[] = []): unknown[] {
  return concepts.map(({ code, concept }) => (concept ? [code, shapeOf(concept)] : code))
}

function composition({ compose }: ValueSet): unknown {
  const parts = [...(compose?.include ?? []), 'without', ...(compose?.exclude ?? [])]
  return parts.map((part) =>
    typeof part === 'string'
      ? part
      : [part.system, part.concept?.map(({ code }) => code), part.filter, part.valueSet],
  )
}
