/** Strings and uris. https://hl7.org/fhir/R4/search.html#string, https://hl7.org/fhir/R4/search.html#uri */
import type { ValueEntries } from '../entries.ts'
import { normalise } from '../normalise.ts'
import { TEXT_TYPES, withAndWithoutVersion, type Emit, type EmitSpec, type Fields } from './emit.ts'

/** The parts of names and addresses that a string search looks into. */
const STRING_PARTS: Readonly<Record<string, readonly string[]>> = {
  HumanName: ['text', 'family', 'given', 'prefix', 'suffix'],
  Address: ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'],
}

export function emitString({ param, type, element }: EmitSpec): Emit | undefined {
  const add = (into: ValueEntries, value: unknown, of: string | undefined): void => {
    if (typeof value !== 'string' || value === '') return
    into.strings.push({ param, value })
    if (of === 'family')
      for (const part of laterWords(value)) into.strings.push({ param, value: part, part: true })
  }
  const parts = STRING_PARTS[type]
  if (parts) {
    return (value, into) => {
      for (const part of parts) {
        const found = (value as Fields)[part]
        if (Array.isArray(found)) for (const item of found) add(into, item, part)
        else add(into, found, part)
      }
    }
  }
  return TEXT_TYPES.has(type) ? (value, into) => add(into, value, element) : undefined
}

/**
 * "Servers should search the parts of a family name independently. E.g. searching either Carreno or Quinones should
 * match a family name of Carreno Quinones": from each word but the first to the end.
 */
function laterWords(family: string): string[] {
  const words = normalise(family).split(' ')
  return words.slice(1, MAX_WORDS).map((_, i) => words.slice(i + 1).join(' '))
}

/** A name has no more; what has is no name, and its parts would fill the index. */
const MAX_WORDS = 8

export function emitUri({ param, type }: EmitSpec): Emit | undefined {
  if (!TEXT_TYPES.has(type)) return undefined
  return (value, into) => {
    const values = type === 'canonical' ? withAndWithoutVersion(String(value)) : [String(value)]
    for (const each of values) into.uris.push({ param, value: each })
  }
}
