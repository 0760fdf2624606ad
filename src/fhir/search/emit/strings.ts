/** Strings and uris. https://hl7.org/fhir/R4/search.html#string, https://hl7.org/fhir/R4/search.html#uri */
import type { ValueEntries } from '../entries.ts'
import { TEXT_TYPES, withAndWithoutVersion, type Emit, type EmitSpec, type Fields } from './emit.ts'

/** The parts of names and addresses that a string search looks into. */
const STRING_PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
}

export function emitString({ param, type }: EmitSpec): Emit | undefined {
  const add = (into: ValueEntries, value: unknown): void => {
    if (typeof value === 'string' && value !== '') into.strings.push({ param, value })
  }
  const parts = STRING_PARTS[type]
  if (parts) {
    return (value, into) => {
      for (const part of parts) {
        const found = (value as Fields)[part]
        if (Array.isArray(found)) for (const item of found) add(into, item)
        else add(into, found)
      }
    }
  }
  return TEXT_TYPES.has(type) ? (value, into) => add(into, value) : undefined
}

export function emitUri({ param, type }: EmitSpec): Emit | undefined {
  if (!TEXT_TYPES.has(type)) return undefined
  return (value, into) => {
    const values = type === 'canonical' ? withAndWithoutVersion(String(value)) : [String(value)]
    for (const each of values) into.uris.push({ param, value: each })
  }
}
