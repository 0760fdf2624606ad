/** Numbers and quantities. https://hl7.org/fhir/R4/search.html#number, https://hl7.org/fhir/R4/search.html#quantity */
import { decimalRange } from '../decimal.ts'
import type { IndexEntries } from '../entries.ts'
import { digitsOf, isFields, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitNumber({ param, type }: EmitSpec): Emit | undefined {
  if (type === 'decimal' || type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
    return (value, into) => {
      const range = decimalRange(digitsOf(value))
      if (range) into.numbers.push({ param, ...range })
    }
  }
  // RiskAssessment.probability may be a Range: all between its ends.
  if (type === 'Range') {
    return (value, into) => {
      const { low, high } = value as Fields
      const first = isFields(low) ? decimalRange(digitsOf(low['value'])) : undefined
      const last = isFields(high) ? decimalRange(digitsOf(high['value'])) : undefined
      if (first && last) into.numbers.push({ param, value: first.value, low: first.low, high: last.high })
    }
  }
  return undefined
}

const QUANTITIES: ReadonlySet<string> = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration'])

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

function addQuantity(param: string, quantity: Fields, into: IndexEntries): void {
  const range = quantity['value'] === undefined ? undefined : decimalRange(digitsOf(quantity['value']))
  if (!range) return
  const { comparator } = quantity
  const openBelow = comparator === '<' || comparator === '<='
  const openAbove = comparator === '>' || comparator === '>='
  into.quantities.push({
    param,
    value: range.value,
    low: openBelow ? undefined : openAbove ? range.value : range.low,
    high: openAbove ? undefined : openBelow ? range.value : range.high,
    ...unitOf(quantity),
  })
}

function addRange(param: string, { low, high }: Fields, into: IndexEntries): void {
  const [first, last] = [isFields(low) ? low : undefined, isFields(high) ? high : undefined]
  const unit = first ?? last
  if (!unit) return
  const lowest = first && decimalRange(digitsOf(first['value']))
  const highest = last && decimalRange(digitsOf(last['value']))
  if (!lowest && !highest) return
  into.quantities.push({ param, value: undefined, low: lowest?.low, high: highest?.high, ...unitOf(unit) })
}

/** From the least sample to the greatest: each is its number × factor + origin. https://hl7.org/fhir/R4/datatypes.html#SampledData */
function addSamples(param: string, { origin, factor = 1, data }: Fields, into: IndexEntries): void {
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
  into.quantities.push({ param, value: undefined, low: String(low), high: String(high), ...unitOf(origin) })
}

function unitOf({ system, code, unit }: Fields) {
  return { system: textOf(system), code: textOf(code), unit: textOf(unit) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
