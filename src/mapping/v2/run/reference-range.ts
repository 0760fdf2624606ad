/**
 * OBX-7 in the forms that HL7 v2.8 §7.4.2.7 gives it: `12.0-16.0`, `> 60`, `< 5`. Any other text stays a text alone.
 * https://hl7.org/fhir/R4/observation-definitions.html#Observation.referenceRange
 */
import type { FunctionContext } from './functions.ts'
import { decimalJson } from './primitives.ts'
import { setNumber, setUnit } from './quantity.ts'
import { objectAt, type Obj } from './tree.ts'

const NUMBER = String.raw`([+-]?\d+(?:[.,]\d+)?)`
const BETWEEN = new RegExp(String.raw`^\s*${NUMBER}\s*[-–]\s*${NUMBER}\s*$`)
const LIMIT = new RegExp(String.raw`^\s*([<>])=?\s*${NUMBER}\s*$`)

/** Writes low and high beside the text, in the unit of OBX-6. */
export function writeReferenceRange(node: Obj, text: string, context: FunctionContext, row: string): void {
  const { low, high } = limitsOf(text)
  const numbers = [low, high].map((each) => (each === undefined ? undefined : decimalJson(each, context)))
  if (numbers[0] !== undefined && numbers[1] !== undefined && Number(numbers[0]) > Number(numbers[1])) return
  const [code, unit, system] = [1, 2, 3].map((component) => context.text(6, component))
  for (const [at, name] of ['low', 'high'].entries()) {
    const number = numbers[at]
    if (number === undefined) continue
    const quantity = objectAt({
      parent: node,
      name,
      list: false,
      primitive: false,
      key: '',
      type: 'Quantity',
    })
    setNumber(quantity, number, row)
    setUnit(quantity, { code, text: unit, system }, context, row)
  }
}

function limitsOf(text: string): { low?: string | undefined; high?: string | undefined } {
  const between = BETWEEN.exec(text)
  if (between) return { low: between[1], high: between[2] }
  const [, sign, limit] = LIMIT.exec(text) ?? []
  return sign === '<' ? { high: limit } : { low: limit }
}
