/** Resources made from the definitions, for tests: structurally valid, of any type, the same for the same seed. */
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property } from '../definitions/index.ts'

/** How deep optional elements are filled, unless told otherwise. */
const DEPTH = 3

/** A pseudorandom number of 0 to n-1. */
type Choose = (n: number) => number

export function sampleResource(
  definitions: Definitions,
  type: string,
  seed: number,
  depth = DEPTH,
): JsonObject {
  return { resourceType: type, ...objectOf(definitions, type, seededChoice(seed), depth) }
}

/** Mulberry32. */
export function seededChoice(seed: number): Choose {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

/** @param depth levels below that are still filled */
function objectOf(definitions: Definitions, path: string, choose: Choose, depth: number): JsonObject {
  const type = definitions.type(path)!
  const object: JsonObject = {}
  for (const [element, entry] of type.elements) {
    const branches = [...type.properties.values()].filter((property) => property.element === element)
    const property = branches[choose(branches.length)]!
    const leaves = property.primitive || definitions.type(property.type)?.kind === 'complex'
    const wanted = entry.min || (depth > 0 && leaves ? choose(3) > 0 : depth > 0 && choose(2) > 0)
    if (!wanted || SKIPPED.has(element) || property.type === 'Resource') continue
    const values = Array.from({ length: property.many ? 1 + choose(2) : 1 }, () =>
      valueOf(definitions, property, choose, depth),
    )
    object[property.name] = property.many ? values : values[0]!
  }
  // Nothing may be empty.
  if (Object.keys(object).length === 0) object['id'] = elementId(choose)
  return object
}

/** These would only repeat what the rest shows. */
const SKIPPED: ReadonlySet<string> = new Set(['extension', 'modifierExtension', 'contained', 'implicitRules'])

function valueOf(definitions: Definitions, property: Property, choose: Choose, depth: number): Json {
  const { type, entry, targets } = property
  const codes = entry.required === undefined ? undefined : definitions.codeSet(entry.required)
  if (codes && type === 'code') return [...codes.codes][choose(codes.codes.size)]!
  if (codes && type === 'CodeableConcept') {
    const [system, values] = [...codes.systems][choose(codes.systems.size)]!
    return { coding: [{ system, code: [...values][choose(values.size)]! }] }
  }
  if (type === 'Reference') {
    const to = targets ?? ['Patient', 'Practitioner', 'Organization']
    return { reference: `${to[choose(to.length)]!}/${choose(1000)}` }
  }
  if (entry.required?.endsWith('/currencies')) return 'EUR'
  if (property.name === 'id' && type === 'string') return elementId(choose)
  if (property.primitive) return primitiveOf(type, choose)
  return objectOf(definitions, type, choose, depth - 1)
}

/** Unique in a resource, but for one in 10¹² times. */
function elementId(choose: Choose): string {
  return `e${choose(1_000_000)}-${choose(1_000_000)}`
}

function primitiveOf(type: string, choose: Choose): Json {
  const n = choose(1000)
  const date = `20${10 + choose(15)}-0${1 + choose(9)}-1${choose(10)}`
  const samples: Readonly<Record<string, Json>> = {
    boolean: n % 2 === 0,
    integer: n - 500,
    positiveInt: n + 1,
    unsignedInt: n,
    decimal: n / 8,
    id: `id-${n}`,
    code: `code-${n}`,
    uri: `http://example.org/uri/${n}`,
    url: `http://example.org/url/${n}`,
    canonical: `http://example.org/canonical/${n}|1.${choose(10)}`,
    oid: `urn:oid:1.2.${n}`,
    uuid: `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    base64Binary: 'AAAA',
    date,
    dateTime: n % 2 === 0 ? date : `${date}T08:30:00+02:00`,
    instant: `${date}T08:30:00.${String(n).padStart(3, '0')}Z`,
    time: '08:30:00',
    xhtml: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Example</p></div>',
  }
  return samples[type] ?? `Text ${n}`
}
