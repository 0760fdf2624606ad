/** For tests: what a client would search by to find an element's value. https://hl7.org/fhir/R4/search.html#ptypes */
import { type Json, type JsonObject, isObject } from '../../kernel/json.ts'
import type { SearchParameterType } from '../definitions/index.ts'
import { escapeValue } from '../search/index.ts'

/**
 * @param of FHIR type of the value
 * @returns undefined: it has nothing that this kind of parameter could ask for
 */
export function searchValue(kind: SearchParameterType, of: string, value: Json): string | undefined {
  switch (kind) {
    case 'token':
      return tokenText(of, value)
    case 'reference':
      return referenceText(of, value)
    case 'string':
      return stringText(of, value)
    case 'uri':
      return typeof value === 'string' ? escapeValue(value) : undefined
    case 'date':
      return dateText(of, value)
    case 'number':
      return of === 'Range' ? rangeText(value) : String(value)
    case 'quantity':
      return of === 'Range' ? rangeText(value) : quantityText(of, value)
    default:
      return undefined
  }
}

function tokenText(of: string, value: Json): string | undefined {
  if (!isObject(value)) return escapeValue(String(value))
  switch (of) {
    case 'Coding':
      return pair(value['system'], value['code'])
    case 'CodeableConcept': {
      const [first] = Array.isArray(value['coding']) ? value['coding'] : []
      return isObject(first) ? pair(first['system'], first['code']) : undefined
    }
    case 'Identifier':
      return pair(value['system'], value['value'])
    case 'ContactPoint':
      return typeof value['value'] === 'string' ? escapeValue(value['value']) : undefined
    default:
      return undefined
  }
}

function pair(system: Json | undefined, code: Json | undefined): string | undefined {
  if (typeof code !== 'string') return undefined
  return `${typeof system === 'string' ? escapeValue(system) : ''}|${escapeValue(code)}`
}

function referenceText(of: string, value: Json): string | undefined {
  if (isObject(value)) return of === 'Reference' ? textIn(value, 'reference') : undefined
  return CANONICALS.has(of) ? escapeValue(String(value)) : undefined
}

const CANONICALS: ReadonlySet<string> = new Set(['canonical', 'uri', 'url'])

function stringText(of: string, value: Json): string | undefined {
  if (typeof value === 'string') return escapeValue(value)
  if (!isObject(value)) return undefined
  const text =
    of === 'HumanName' ? textIn(value, 'family') : of === 'Address' ? textIn(value, 'city') : undefined
  return text && escapeValue(text)
}

function dateText(of: string, value: Json): string | undefined {
  if (typeof value === 'string') return of === 'string' ? undefined : value
  if (!isObject(value)) return undefined
  if (of === 'Timing') return Array.isArray(value['event']) ? `ge${String(value['event'][0])}` : undefined
  const [start, end] = [textIn(value, 'start'), textIn(value, 'end')]
  if (start === undefined) return end && `le${end}`
  return end === undefined || Date.parse(start) <= Date.parse(end) ? `ge${start}` : undefined
}

function rangeText(range: Json): string | undefined {
  const { low, high } = range as JsonObject
  const [least, most] = [amountOf(low), amountOf(high)]
  return least !== undefined && (most === undefined || least <= most) ? `ge${least}` : undefined
}

function amountOf(quantity: Json | undefined): number | undefined {
  const value = isObject(quantity) ? quantity['value'] : undefined
  return typeof value === 'number' ? value : undefined
}

function quantityText(of: string, quantity: Json): string | undefined {
  const amount = amountOf(quantity)
  if (amount === undefined || !isObject(quantity)) return undefined
  const system = of === 'Money' ? 'urn:iso:std:iso:4217' : textIn(quantity, 'system')
  const code = of === 'Money' ? textIn(quantity, 'currency') : textIn(quantity, 'code')
  const unit = system && code ? `|${escapeValue(system)}|${escapeValue(code)}` : ''
  const comparator = textIn(quantity, 'comparator')
  const prefix = comparator === undefined ? '' : comparator.startsWith('<') ? 'le' : 'ge'
  return `${prefix}${amount}${unit}`
}

function textIn(fields: JsonObject, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

/** What no sample has. */
export function otherValue(kind: SearchParameterType): string {
  switch (kind) {
    case 'token':
      return 'http://nobody.example.org|nothing'
    case 'reference':
      return 'Basic/nobody'
    case 'string':
      return 'zzz nobody'
    case 'uri':
      return 'http://nobody.example.org'
    case 'date':
      return 'eb1066'
    case 'number':
    case 'quantity':
      return '-987654321.125'
    default:
      return ''
  }
}
