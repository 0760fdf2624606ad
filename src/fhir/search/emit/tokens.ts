/** https://hl7.org/fhir/R4/search.html#token */
import type { CodeSet } from '../../definitions/index.ts'
import type { ValueEntries } from '../entries.ts'
import { isFields, TEXT_TYPES, type Emit, type EmitSpec, type Fields } from './emit.ts'

/** The implicit system of booleans. */
const SPECIAL_VALUES = 'http://hl7.org/fhir/special-values'

export function emitToken({ param, type, codes, required }: EmitSpec): Emit | undefined {
  const add = (into: ValueEntries, system: unknown, code: unknown): void => {
    const named = typeof system === 'string' && system !== '' ? system : undefined
    const said = typeof code === 'string' ? code : ''
    // `system|` asks for "any element where the value of [system] matches", with a code or without.
    if (said !== '' || named !== undefined) into.tokens.push({ param, system: named, code: said })
  }
  const coding: Emit = (value, into) => add(into, (value as Fields)['system'], (value as Fields)['code'])
  if (type === 'Coding') return coding
  if (type === 'CodeableConcept') {
    return (value, into, context) => {
      const { coding: codings } = value as Fields
      if (Array.isArray(codings)) for (const each of codings) if (isFields(each)) coding(each, into, context)
    }
  }
  if (type === 'Identifier') {
    return (value, into) => {
      const { system, value: code, type: kind } = value as Fields
      add(into, system, code)
      addTyped(param, code, kind, into)
    }
  }
  if (type === 'ContactPoint') return (value, into) => add(into, undefined, (value as Fields)['value'])
  if (type === 'boolean') return (value, into) => add(into, SPECIAL_VALUES, String(value))
  if (type === 'code' && required === MIME_TYPES) {
    return (value, into) => {
      add(into, undefined, value)
      into.tokens.push({ param: `${param}:below`, system: undefined, code: mimeBase(String(value)) })
    }
  }
  if (type === 'code') return (value, into) => add(into, codes && systemOf(codes, value), value)
  if (TEXT_TYPES.has(type)) return (value, into) => add(into, undefined, value)
  return undefined
}

/** "Servers are only required to support :below on the base part of the mime type." https://hl7.org/fhir/R4/search.html#mimetype */
export const MIME_TYPES = 'http://hl7.org/fhir/ValueSet/mimetypes'

/** `text/xml` of `text/xml; charset=UTF-8`. */
export function mimeBase(mimeType: string): string {
  return mimeType.split(';', 1)[0]!.trim()
}

/** For `:of-type`, which asks for the codes of the identifier's type and its value together. */
function addTyped(param: string, value: unknown, kind: unknown, into: ValueEntries): void {
  const codings = isFields(kind) ? kind['coding'] : undefined
  if (typeof value !== 'string' || value === '' || !Array.isArray(codings)) return
  for (const coding of codings) {
    if (!isFields(coding)) continue
    const { system, code } = coding
    if (typeof system === 'string' && typeof code === 'string')
      into.tokens.push({ param: `${param}:of-type`, system, code: `${code}|${value}` })
  }
}

/** A `code` element's system is that of its value set, where only one has the code. */
function systemOf(codes: CodeSet, code: unknown): string | undefined {
  const having = [...codes.systems].filter(([, values]) => values.has(code as string))
  return having.length === 1 ? having[0]![0] : undefined
}
