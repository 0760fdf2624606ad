/**
 * Repeat patterns of table 0335 that say a number: `Q6H` every six hours, `BID` twice a day, `5ID` five times a day.
 * https://hl7.org/fhir/R4/datatypes.html#Timing
 */
import { setNumber } from './quantity.ts'
import { TIME_UNITS } from './time-units.ts'
import { setText, type Obj } from './tree.ts'

interface Repeat {
  readonly frequency: number
  readonly period: number
  readonly periodUnit: string
}

const NAMED: ReadonlyMap<string, Repeat> = new Map([
  ['QD', { frequency: 1, period: 1, periodUnit: 'd' }],
  ['QH', { frequency: 1, period: 1, periodUnit: 'h' }],
  ['QOD', { frequency: 1, period: 2, periodUnit: 'd' }],
  ['BID', { frequency: 2, period: 1, periodUnit: 'd' }],
  ['TID', { frequency: 3, period: 1, periodUnit: 'd' }],
  ['QID', { frequency: 4, period: 1, periodUnit: 'd' }],
])

export function writeRepeatPattern(node: Obj, text: string, row: string): void {
  const repeat = repeatOf(text.trim().toUpperCase())
  if (!repeat) return
  setNumber(node, String(repeat.frequency), row, 'frequency')
  setNumber(node, String(repeat.period), row, 'period')
  setText(node, 'periodUnit', repeat.periodUnit, row)
}

function repeatOf(code: string): Repeat | undefined {
  const [, every, letter] = /^Q([1-9]\d{0,2})([SMHDWL])$/.exec(code) ?? []
  if (every !== undefined)
    return { frequency: 1, period: Number(every), periodUnit: TIME_UNITS.get(letter!)! }
  const [, times] = /^([1-9]\d?)ID$/.exec(code) ?? []
  if (times !== undefined) return { frequency: Number(times), period: 1, periodUnit: 'd' }
  return NAMED.get(code)
}
