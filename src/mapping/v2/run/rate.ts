/**
 * Rates of administration: three fields say per how long, how much and in which unit (HL7 v2.8 chapter 4A, RXE-22
 * to RXE-24; RXG-14 to RXG-16; RXO-17, RXO-21 and RXO-22). `H2` is two hours, as RXE-22 and TQ.3 write it.
 */
import type { FunctionContext } from './functions.ts'
import { decimalJson } from './primitives.ts'
import { setNumber, setUnit } from './quantity.ts'
import { TIME_UNITS } from './time-units.ts'
import { objectAt, type Obj } from './tree.ts'

/** Numbers of the fields; the unit stands after the amount. */
interface RateFields {
  readonly per: number
  readonly amount: number
}

/** Writes rateQuantity, or rateRatio where the time stands in a field of its own, not in the unit. */
export function writeRate(node: Obj, fields: RateFields, context: FunctionContext, row: string): void {
  const amount = decimalJson(context.text(fields.amount, 1) ?? '', context)
  if (amount === undefined) return
  const unit = context.text(fields.amount + 1, 2) ?? context.text(fields.amount + 1, 1)
  const time = timeOf(context.text(fields.per, 1))
  if (time === undefined || unit?.includes('/')) {
    writeQuantity(part(node, 'rateQuantity', 'Quantity'), [amount, unit], context, row)
    return
  }
  const ratio = part(node, 'rateRatio', 'Ratio')
  writeQuantity(part(ratio, 'numerator', 'Quantity'), [amount, unit], context, row)
  writeQuantity(part(ratio, 'denominator', 'Quantity'), [time.count, time.unit], context, row)
}

/** TQ.3 (HL7 v2.5 chapter 4, §4.3.3): `D7` is seven days. How many times (`X5`) or until how much (`T2`) is no length. */
export function writeBounds(repeat: Obj, text: string, context: FunctionContext, row: string): void {
  const time = timeOf(text)
  if (time === undefined) return
  writeQuantity(part(repeat, 'boundsDuration', 'Duration'), [time.count, time.unit], context, row)
}

function timeOf(text: string | undefined): { count: string; unit: string } | undefined {
  const [, letter, count = ''] = /^([SMHDWL])(\d*)$/.exec(text ?? '') ?? []
  const unit = TIME_UNITS.get(letter ?? '')
  return unit === undefined ? undefined : { count: String(Number(count === '' ? '1' : count)), unit }
}

function part(parent: Obj, name: string, type: string): Obj {
  const choice = /^(?:rate|bounds)(?=[A-Z])/.exec(name)?.[0]
  return objectAt({ parent, name, list: false, primitive: false, key: '', type, choice })
}

function writeQuantity(
  quantity: Obj,
  [value, unit]: readonly [string, string | undefined],
  context: FunctionContext,
  row: string,
): void {
  setNumber(quantity, value, row)
  setUnit(quantity, { code: unit, text: undefined, system: undefined }, context, row)
}
