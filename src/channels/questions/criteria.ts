/**
 * QPD-3 of a demographics query as a search of FHIR. IHE ITI TF-2 §3.21.4.1.2.2. Case and accents don't count; `*` at the
 * end of a name stands for any rest, and a name without it has to be the whole of one.
 */
import { escapeValue, normalise } from '../../fhir/index.ts'
import type { QueryParameter } from '../../hl7/index.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type Namespaces, systemOf } from '../../mapping/index.ts'
import { identifier, type Pairs } from './people.ts'

export interface Criteria {
  readonly pairs: Pairs
  /** What the search finds too much: names that only begin so. */
  matches(patient: JsonObject): boolean
}

/** The repetition of QPD-3 that nobody understands. */
export interface NotUnderstood {
  readonly repetition: number
}

/** What an identifier is put together from: `@PID.3.1` and `@PID.3.4.2` are two parameters. */
type Parts = ReadonlyMap<string, string>

export function criteriaOf(
  parameters: readonly QueryParameter[],
  namespaces: Namespaces,
): Criteria | NotUnderstood {
  const pairs: (readonly [string, string])[] = []
  const names: { readonly part: 'family' | 'given'; readonly value: string }[] = []
  for (const parameter of parameters) {
    const { field, component, value, repetition } = parameter
    if (field === 'PID.3' || field === 'PID.18') continue
    if (field === 'PID.5') {
      const part = component === 1 ? 'family' : component <= 3 ? 'given' : undefined
      if (part === undefined) return { repetition }
      pairs.push(nameOf(part, value))
      if (!value.includes('*')) names.push({ part, value })
      continue
    }
    const pair = pairOf(parameter)
    if (pair === undefined) return { repetition }
    pairs.push(pair)
  }
  for (const [field, make] of [
    ['PID.3', identifierPair],
    ['PID.18', accountPair],
  ] as const) {
    const parts = partsOf(parameters, field)
    if (parts.size === 0) continue
    const pair = make(parts, namespaces)
    if (pair === undefined) return { repetition: parameters.find((each) => each.field === field)!.repetition }
    pairs.push(pair)
  }
  return { pairs, matches: (patient) => names.every(({ part, value }) => hasName(patient, part, value)) }
}

function nameOf(part: 'family' | 'given', value: string): readonly [string, string] {
  const plain = value.replaceAll('*', '')
  return [value.startsWith('*') ? `${part}:contains` : part, escapeValue(plain)]
}

const GENDERS: Readonly<Record<string, string>> = {
  M: 'male',
  F: 'female',
  O: 'other',
  A: 'other',
  U: 'unknown',
}

const ADDRESS = new Map([
  [1, 'address'],
  [3, 'address-city'],
  [4, 'address-state'],
  [5, 'address-postalcode'],
  [6, 'address-country'],
])

function pairOf({ field, component, value }: QueryParameter): readonly [string, string] | undefined {
  switch (field) {
    case 'PID.7': {
      const [, year, month, day] = /^(\d{4})(\d\d)?(\d\d)?/.exec(value) ?? []
      return year === undefined ? undefined : ['birthdate', [year, month, day].filter(Boolean).join('-')]
    }
    case 'PID.8': {
      const gender = GENDERS[value.toUpperCase()]
      return gender === undefined ? undefined : ['gender', gender]
    }
    case 'PID.11': {
      const name = ADDRESS.get(component)
      return name === undefined ? undefined : [name, escapeValue(value.replaceAll('*', ''))]
    }
    case 'PID.13':
    case 'PID.14':
      return [component === 4 ? 'email' : 'phone', escapeValue(value)]
    default:
      return undefined
  }
}

function partsOf(parameters: readonly QueryParameter[], field: string): Parts {
  const own = parameters.filter((each) => each.field === field)
  return new Map(own.map(({ component, subcomponent, value }) => [`${component}.${subcomponent}`, value]))
}

/** `system|value`, `system|` or `value`. */
function tokenOf(parts: Parts, namespaces: Namespaces): string | undefined {
  const [namespace, id, type] = [1, 2, 3].map((n) => parts.get(`4.${n}`))
  const system = systemOf({ namespace, id, type }, namespaces)
  const value = parts.get('1.1')
  if (system === undefined) return value === undefined ? undefined : escapeValue(value)
  return identifier(system, value ?? '')[1]
}

function identifierPair(parts: Parts, namespaces: Namespaces): readonly [string, string] | undefined {
  const token = tokenOf(parts, namespaces)
  return token === undefined ? undefined : ['identifier', token]
}

function accountPair(parts: Parts, namespaces: Namespaces): readonly [string, string] | undefined {
  const token = tokenOf(parts, namespaces)
  return token === undefined ? undefined : ['_has:Account:patient:identifier', token]
}

function hasName({ name }: JsonObject, part: 'family' | 'given', value: string): boolean {
  const wanted = normalise(value)
  return (Array.isArray(name) ? name : [])
    .filter(isObject)
    .some((each) => textsOf(each[part]).some((text) => normalise(text) === wanted))
}

function textsOf(value: Json | undefined): string[] {
  const all = Array.isArray(value) ? value : [value]
  return all.filter((each) => typeof each === 'string')
}
