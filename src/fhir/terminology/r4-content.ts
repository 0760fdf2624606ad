/**
 * The code systems and value sets that R4 defines, HL7 v2's and v3's among them. The data file (2.3 MB) is read when
 * something is first asked for, and each resource is parsed when it is needed. tools/fhir-terminology/ writes it.
 * https://hl7.org/fhir/R4/terminologies.html
 */
import { readFileSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import type { Canonical } from './canonical.ts'
import { type CodeSystem, type CodeSystemContent, makeCodeSystem } from './code-system.ts'
import { chooseEdition, type Edition } from './editions.ts'
import type { ValueSet } from './value-set.ts'

export interface R4Content {
  codeSystem(canonical: Canonical): CodeSystem | undefined
  /** Also of the URL that a code system has for the value set of all its codes. */
  valueSet(canonical: Canonical): ValueSet | undefined
  /** All code systems, in the order of their URLs. */
  codeSystems(): readonly KnownCodeSystem[]
}

export interface KnownCodeSystem {
  readonly url: string
  readonly versions: readonly string[]
}

/** Concepts that stay in memory: about 5 MB. */
const MAX_CONCEPTS = 10_000

interface Line extends Edition {
  readonly url: string
  /** Of all codes of a code system; empty: it has none. */
  readonly valueSet: string
  readonly resource: Buffer
}

interface Index {
  readonly systems: ReadonlyMap<string, readonly Line[]>
  readonly sets: ReadonlyMap<string, readonly Line[]>
  /** By the URL of the value set of all their codes. */
  readonly systemsByValueSet: ReadonlyMap<string, readonly Line[]>
}

export function makeR4Content(): R4Content {
  let index: Index | undefined
  const systems = new LRUCache<Line, CodeSystem>({
    maxSize: MAX_CONCEPTS,
    sizeCalculation: ({ size }) => size + 1,
  })
  const indexed = (): Index => (index ??= readIndex())

  return {
    codeSystem({ url, version }) {
      const line = chooseEdition(indexed().systems.get(url) ?? [], version)
      if (line === undefined) return undefined
      const known = systems.get(line)
      if (known !== undefined) return known
      const made = makeCodeSystem(url, contentOf(line) as CodeSystemContent)
      if (made !== undefined) systems.set(line, made)
      return made
    },

    valueSet({ url, version }) {
      const line = chooseEdition(indexed().sets.get(url) ?? [], version)
      if (line !== undefined) return contentOf(line) as ValueSet
      const system = chooseEdition(indexed().systemsByValueSet.get(url) ?? [], version)
      return system && { compose: { include: [{ system: system.url }] } }
    },

    codeSystems: () =>
      [...indexed().systems]
        .map(([url, lines]) => ({ url, versions: lines.flatMap(({ version }) => version || []) }))
        .toSorted((a, b) => (a.url < b.url ? -1 : 1)),
  }
}

function readIndex(): Index {
  const file = readFileSync(new URL('r4.ndjson', import.meta.url))
  const lines = [...linesOf(file)]
  const systems = lines.filter(({ type }) => type === 'CodeSystem')
  return {
    systems: Map.groupBy(systems, ({ url }) => url),
    sets: Map.groupBy(
      lines.filter(({ type }) => type === 'ValueSet'),
      ({ url }) => url,
    ),
    systemsByValueSet: Map.groupBy(systems, ({ valueSet }) => valueSet),
  }
}

/** Each line is [type, url, version, value set, resource]: only what stands before the resource is looked at. */
const HEAD = /^\["(\w+)","([^"]*)","([^"]*)","([^"]*)",/
/** Longer than any head. */
const HEAD_BYTES = 1000

function* linesOf(file: Buffer): Generator<Line & { readonly type: string }> {
  for (let start = 0; start < file.length;) {
    const end = file.indexOf('\n', start)
    const [head, type, url, version, valueSet] = HEAD.exec(
      file.toString('utf8', start, Math.min(end, start + HEAD_BYTES)),
    )!
    yield {
      type: type!,
      url: url!,
      version: version!,
      valueSet: valueSet!,
      status: 'active',
      lastUpdated: '',
      resource: file.subarray(start + Buffer.byteLength(head), end - 1),
    }
    start = end + 1
  }
}

function contentOf({ resource }: Line): unknown {
  return JSON.parse(resource.toString())
}
