/** 64 bits of SHA-256, as the decimal text of a signed bigint: how the search index names a value. */
import { hash } from 'node:crypto'

import { foldCode } from '../fhir/index.ts'
import type { TenantId } from '../kernel/ids.ts'

export const hash64: (text: string) => string = remembering((text) =>
  BigInt.asIntN(64, BigInt(`0x${hash('sha256', text, 'hex').slice(0, 16)}`)).toString(),
)

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
export const presentHash: (param: string) => number = remembering((param) =>
  hash('sha256', param, 'buffer').readInt32BE(0),
)

export function uriHash(type: string, param: string, uri: string): string {
  return hash64(uriText(type, param, uri))
}

export function uriText(type: string, param: string, uri: string): string {
  return `${type}.${param}\u0004${uri}`
}

/** Two thirds of what a resource says has been said by others before: parameters, codes, the same patient. */
const REMEMBERED = 4096

/** Keeps what was asked for lately, between one and two times REMEMBERED results, dropping a generation at once. */
function remembering<Result extends string | number>(
  compute: (text: string) => Result,
): (text: string) => Result {
  let young = new Map<string, Result>()
  let old = new Map<string, Result>()
  return (text) => {
    const known = young.get(text)
    if (known !== undefined) return known
    const result = old.get(text) ?? compute(text)
    if (young.size >= REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(text, result)
    return result
  }
}
