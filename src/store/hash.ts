/** 64 bits of SHA-256, as the decimal text of a signed bigint: how the search index names a value. */
import { hash } from 'node:crypto'
import { endianness } from 'node:os'

import { foldCode } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'

/** 0.4 µs: less than it takes to look a text up among those that were hashed before. */
export const hash64: (text: string) => string = makeHash64()

function makeHash64(): (text: string) => string {
  const halves = new Int32Array(2)
  const whole = new BigInt64Array(halves.buffer)
  const [low, high] = endianness() === 'LE' ? [0, 1] : [1, 0]
  return (text) => {
    const digest = hash('sha256', text, 'binary')
    halves[high] = int32At(digest, 0)
    halves[low] = int32At(digest, 4)
    return whole[0]!.toString()
  }
}

/** Of a text with a byte a character. */
function int32At(bytes: string, at: number): number {
  return (
    (bytes.charCodeAt(at) << 24) |
    (bytes.charCodeAt(at + 1) << 16) |
    (bytes.charCodeAt(at + 2) << 8) |
    bytes.charCodeAt(at + 3)
  )
}

/** A search parameter of a type, as the index names it. */
export function paramHash(type: string, param: string): string {
  return hash64(`${type}.${param}`)
}

/** A search parameter of a type of a tenant: the order of its values has an index of its own. */
export function orderHash(tenant: TenantId, type: string, param: string): string {
  return hash64(`${tenant}:${type}.${param}`)
}

/** Values of a token parameter that have this system. */
export function systemHash(tenant: TenantId, type: string, param: string, system: string): string {
  return hash64(`${tenant}:${type}.${param}\u0001${system}`)
}

// The separators can't occur in a parameter's name; they keep the kinds of values apart.

/** A token by system and code; system '' means that it has none. */
export function tokenHash(type: string, param: string, system: string, code: string): string {
  return hash64(tokenText(type, param, system, code))
}

export function tokenText(type: string, param: string, system: string, code: string): string {
  return `${type}.${param}\u0002${system}\u0002${foldCode(code)}`
}

/** A reference: `Patient/123`, an absolute URL or a urn. */
export function referenceHash(type: string, param: string, target: string): string {
  return hash64(referenceText(type, param, target))
}

export function referenceText(type: string, param: string, target: string): string {
  return `${type}.${param}\u0003${target}`
}

/** A reference that no search parameter shows, by its target alone, whatever refers to it. */
export function unshownHash(target: string): string {
  return hash64(unshownText(target))
}

export function unshownText(target: string): string {
  return `\u0003${target}`
}

/** The values of a quantity parameter in one unit: see unitKey in fhir/search/quantity.ts. */
export function unitHash(type: string, param: string, unit: string): string {
  return hash64(`${type}.${param}\u0005${unit}`)
}

/** What stands together in one base of a composite: its discrete parts, and which ordered part the values are of. */
export function tupleHash(type: string, param: string, parts: readonly string[], ordered: string): string {
  return hash64(`${type}.${param}\u0006${parts.join('\u0006')}\u0007${ordered}`)
}

/** Intervals of a parameter that are long: see index-rows.ts. */
export function longHash(param: string): string {
  return hash64(`long ${param}`)
}

/** A parameter of the row's own type, in 32 bits: what `:missing` asks for. */
export function presentHash(param: string): number {
  return int32At(hash('sha256', param, 'binary'), 0)
}

export function uriHash(type: string, param: string, uri: string): string {
  return hash64(uriText(type, param, uri))
}

export function uriText(type: string, param: string, uri: string): string {
  return `${type}.${param}\u0004${uri}`
}
