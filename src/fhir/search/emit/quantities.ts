/** Numbers and quantities. https://hl7.org/fhir/R4/search.html#number, https://hl7.org/fhir/R4/search.html#quantity */
import { decimalRange } from '../decimal.ts'
import type { ValueEntries } from '../entries.ts'
import { digitsOf, isFields, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitNumber({ param, type }: EmitSpec): Emit | undefined {
  if (type === 'decimal' || type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
    return (value, into) => {
      const point = decimalIn(value)
      if (point !== undefined) into.numbers.push({ param, low: point, high: point })
    }
  }
  // RiskAssessment.probability may be a Range: all between its ends, which are percentages (ras-1).
  if (type === 'Range') {
    return (value, into) => {
      const { low, high } = value as Fields
      const [first, last] = [shareOf(low), shareOf(high)]
      if (first !== undefined || last !== undefined) into.numbers.push({ param, low: first, high: last })
    }
  }
  return undefined
}

export const QUANTITIES: ReadonlySet<string> = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration'])

export function emitQuantity({ param, type }: EmitSpec): Emit | undefined {
  if (QUANTITIES.has(type)) return (value, into) => addQuantity(param, value as Fields, into)
  if (type === 'Money') {
    return (value, into) => {
      const { value: amount, currency } = value as Fields
      addQuantity(
        param,
        { value: amount, system: 'urn:iso:std:iso:4217', code: currency, unit: currency },
        into,
      )
    }
  }
  if (type === 'Range') return (value, into) => addRange(param, value as Fields, into)
  if (type === 'SampledData') return (value, into) => addSamples(param, value as Fields, into)
  return undefined
}

function addQuantity(param: string, quantity: Fields, into: ValueEntries): void {
  const point = valueOf(quantity)
  if (point === undefined) return
  const { comparator } = quantity
  const openBelow = comparator === '<' || comparator === '<='
  const openAbove = comparator === '>' || comparator === '>='
  into.quantities.push({
    param,
    low: openBelow ? undefined : point,
    high: openAbove ? undefined : point,
    ...(comparator === '<' && { without: 'high' }),
    ...(comparator === '>' && { without: 'low' }),
    ...unitOf(quantity),
  })
}

function addRange(param: string, { low, high }: Fields, into: ValueEntries): void {
  const [first, last] = [isFields(low) ? low : undefined, isFields(high) ? high : undefined]
  const unit = first ?? last
  if (!unit) return
  const [lowest, highest] = [valueOf(first), valueOf(last)]
  if (lowest === undefined && highest === undefined) return
  into.quantities.push({ param, low: lowest, high: highest, ...unitOf(unit) })
}

/** From the least sample to the greatest: each is its number × factor + origin. https://hl7.org/fhir/R4/datatypes.html#SampledData */
function addSamples(param: string, { origin, factor = 1, data }: Fields, into: ValueEntries): void {
  if (!isFields(origin) || typeof data !== 'string') return
  const zero = Number(digitsOf(origin['value']))
  const step = Number(digitsOf(factor))
  let [low, high] = [Infinity, -Infinity]
  // E, U and L are errors and values beyond the limits.
  for (const sample of data.split(' ')) {
    const value = sample === '' ? Number.NaN : Number(sample) * step + zero
    if (value < low) low = value
    if (value > high) high = value
  }
  if (!Number.isFinite(low)) return
  into.quantities.push({ param, low: String(low), high: String(high), ...unitOf(origin) })
}

/** 10 % is 0.1. */
function shareOf(quantity: unknown): string | undefined {
  const value = valueOf(quantity)
  return value !== undefined && isFields(quantity) && quantity['code'] === '%'
    ? String(Number(value) / 100)
    : value
}

/** The value of a Quantity, as written. */
function valueOf(quantity: unknown): string | undefined {
  return isFields(quantity) && quantity['value'] !== undefined ? decimalIn(quantity['value']) : undefined
}

function decimalIn(value: unknown): string | undefined {
  const digits = digitsOf(value)
  return decimalRange(digits) && digits
}

function unitOf({ system, code, unit }: Fields) {
  return { system: textOf(system), code: textOf(code), unit: textOf(unit) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
