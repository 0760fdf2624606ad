/** When two JSON values are the same to a `test`: numbers by value, objects in any order. RFC 6902 §4.6 */
import { isObject, type Json, numberText } from '../../kernel/json.ts'

export function equalJson(a: Json, b: Json): boolean {
  const number = numberText(a)
  if (number !== undefined) return canonical(number) === canonical(numberText(b) ?? '')
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]!))
  }
  if (!isObject(a)) return a === b
  if (!isObject(b) || numberText(b) !== undefined) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key]!, b[key]!))
  )
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** The same text for equal numbers, however many digits: `1.10`, `1.1` and `11e-1` are all `11e-1`. */
function canonical(number: string): string {
  const match = NUMBER.exec(number)
  if (!match) return number
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
