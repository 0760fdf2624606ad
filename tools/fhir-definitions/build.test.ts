import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type {
  CodeSystem,
  CodeSystemConcept,
  ElementDefinition,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'
import { describe, expect, test } from 'vitest'
import { buildDefinitions } from './build.ts'

const built = buildDefinitions()

test('the data file is what the package and the corrections give', () => {
  const file = readFileSync(new URL('../../src/fhir/definitions/r4.ndjson', import.meta.url), 'utf8')
  const { version, ...sections } = built
  const lines = Object.entries(sections).flatMap(([section, entries]) =>
    Object.entries(entries as object).map(([name, entry]: [string, unknown]) =>
      JSON.stringify([section, name, entry]),
    ),
  )
  expect(file.trimEnd().split('\n')).toEqual([JSON.stringify(['version', '', version]), ...lines])
})

const published = new URL('../../../shared/fhir-samples/r4-definitions/', import.meta.url)

/** FHIR 4.0.1 as HL7 published it. */
function publishedResources<T>(type: string): T[] {
  const bytes = gunzipSync(readFileSync(new URL(`${type}.ndjson.gz`, published)))
  return bytes
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

describe.skipIf(!existsSync(published))('against the published R4 definitions (needs ../shared)', () => {
  const structures = publishedOrNone<StructureDefinition>('StructureDefinition').filter(
    ({ kind, derivation }) => kind !== 'logical' && derivation !== 'constraint',
  )

  test('the types are the same', () => {
    const names = Object.entries(built.types)
      .filter(([, { kind }]) => kind !== 'backbone')
      .map(([name]) => name)
    expect(names.toSorted()).toEqual(structures.map(({ type }) => type!).toSorted())
  })

  test('every element has the same cardinality, types, targets and required binding', () => {
    const ours = new Map<string, string>()
    for (const [owner, { elements }] of Object.entries(built.types)) {
      for (const [name, entry] of Object.entries(elements ?? {})) {
        const types = entry.types?.map(({ code, targets }) => [code.includes('.') ? '' : code, targets ?? []])
        ours.set(`${owner}.${name}`, summary(entry.min ?? 0, entry.max ?? 1, types, entry.required))
      }
    }
    const theirs = new Map<string, string>()
    for (const { type, kind, snapshot } of structures) {
      if (kind === 'primitive-type') continue
      for (const element of snapshot!.element) {
        const path = element.path!.replaceAll('[x]', '')
        if (path !== type) theirs.set(path, publishedSummary(element, path, kind === 'resource'))
      }
    }
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
  })

  test('every type has its elements in the same order, with the same summary and modifier flags', () => {
    const theirs = new Map<string, [string, boolean, boolean][]>()
    for (const { kind, snapshot } of structures) {
      if (kind === 'primitive-type') continue
      for (const { path, isSummary = false, isModifier = false } of snapshot!.element.slice(1)) {
        const [, owner = '', name = ''] = /^(.*)\.(\w+)$/.exec(path!.replaceAll('[x]', '')) ?? []
        theirs.set(owner, [...(theirs.get(owner) ?? []), [name, isSummary, isModifier]])
      }
    }
    for (const [path, elements] of theirs) {
      const ours = Object.entries(built.types[path]!.elements!).map(([name, { summary, modifier }]) => [
        name,
        summary ?? false,
        modifier ?? false,
      ])
      expect([path, ours]).toEqual([path, elements])
    }
  })

  test('every invariant is there; those of the package that mend an error of the publication are known', () => {
    const keys = new Map<string, string>()
    for (const { invariants = [], elements = {} } of Object.values(built.types)) {
      for (const { key, expression } of [
        ...invariants,
        ...Object.values(elements).flatMap((e) => e.invariants ?? []),
      ]) {
        keys.set(`${key} ${expression}`, key)
      }
    }
    const missing = structures
      .flatMap(({ snapshot }) => snapshot!.element)
      .flatMap(({ constraint = [] }) => constraint)
      .filter(({ key, expression }) => key !== 'ele-1' && expression && !keys.has(`${key} ${expression}`))
      .map(({ key }) => key)
    expect([...new Set(missing)].toSorted()).toEqual(['app-4', 'bdl-8', 'ras-2', 'tim-9'])
  })

  test('the code sets of required bindings have the same codes', () => {
    const systems = new Map(publishedOrNone<CodeSystem>('CodeSystem').map((system) => [system.url!, system]))
    const sets = new Map(publishedOrNone<ValueSet>('ValueSet').map((set) => [set.url!, set]))
    const differing = Object.entries(built.valueSets).filter(([url, codes]) => {
      const include = sets.get(url)?.compose?.include ?? []
      const simple = include.every(
        ({ filter, valueSet, system }) => !filter && !valueSet && systems.get(system!),
      )
      if (!simple || sets.get(url)?.compose?.exclude) return false
      return include.some(({ system, concept }) => {
        const listed = (concept ?? flatten(systems.get(system!)!.concept ?? [])).map(({ code }) => code!)
        return listed.some((code) => !codes[system!]?.includes(code))
      })
    })
    expect(differing.map(([url]) => url)).toEqual([])
  })

  test('every search parameter has the same type, targets and base', () => {
    const theirs = new Map(
      publishedOrNone<SearchParameter>('SearchParameter').map((each) => [each.url!, each]),
    )
    for (const { url, code, type, base, targets } of Object.values(built.searchParameters)) {
      const same = theirs.get(url)!
      expect([url, code, type, base, targets ?? []]).toEqual([
        url,
        same.code,
        same.type,
        same.base,
        same.target ?? [],
      ])
    }
  })
})

function publishedOrNone<T>(type: string): T[] {
  return existsSync(published) ? publishedResources<T>(type) : []
}

function publishedSummary(element: ElementDefinition, path: string, ofResource: boolean): string {
  const types = element.type?.map(({ code, targetProfile, extension }) => {
    const named =
      extension?.find(({ url }) => url?.endsWith('structuredefinition-fhir-type'))?.valueUrl ?? code!
    const targets = (targetProfile ?? []).map(lastPart).filter((target) => target !== 'Resource')
    const backbone = named === 'BackboneElement' || named === 'Element'
    const isId = ofResource && /^\w+\.id$/.test(path)
    return [isId ? 'id' : backbone ? '' : named, targets]
  })
  const required =
    element.binding?.strength === 'required' ? element.binding.valueSet?.split('|')[0] : undefined
  return summary(element.min!, element.max!, types, required)
}

function summary(min: number, max: number | string, types: unknown, required: string | undefined): string {
  return JSON.stringify([min, String(max), types, required])
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

function flatten(concepts: readonly CodeSystemConcept[]): CodeSystemConcept[] {
  return concepts.flatMap((concept) => [concept, ...flatten(concept.concept ?? [])])
}
