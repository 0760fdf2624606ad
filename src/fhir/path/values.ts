/** FHIRPath's equality, order and logic on plain JSON values. https://hl7.org/fhirpath/N1/#operations */
import { toInterval } from '../../kernel/dates.ts'
import { utc } from '../../kernel/time-zone.ts'

export type Collection = readonly unknown[]

export const EMPTY: Collection = []
export const TRUE: Collection = [true]
export const FALSE: Collection = [false]

export function ofBoolean(value: boolean | undefined): Collection {
  if (value === undefined) return EMPTY
  return value ? TRUE : FALSE
}

/** Singleton evaluation: one boolean is itself, one of anything else is true, none or several is undefined. */
export function toBoolean(values: Collection): boolean | undefined {
  if (values.length !== 1) return undefined
  const [value] = values
  return typeof value === 'boolean' ? value : true
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]))
  }
  if (Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  )
}

/** `=`: empty when a side is empty. */
export function equals(left: Collection, right: Collection): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined
  return left.length === right.length && left.every((item, i) => deepEqual(item, right[i]))
}

/** Each value once, in linear time: a code system may have 100,000 concepts. */
export function distinct(values: Collection): unknown[] {
  const found = new Map<unknown, unknown>()
  for (const value of values) {
    const key = typeof value === 'object' ? `object ${canonical(value)}` : `${typeof value} ${String(value)}`
    if (!found.has(key)) found.set(key, value)
  }
  return [...found.values()]
}

/** The same text for equal values, whatever the order of their members. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`,
  )
  return `{${members.toSorted().join()}}`
}

export function includes(values: Collection, wanted: unknown): boolean {
  return values.some((value) => deepEqual(value, wanted))
}

const DATE_LIKE = /^\d{4}(?:-\d\d)?/
/** Between a date without an offset and a moment with one lie at most this much. */
const OFFSET_SLACK_MS = 14 * 3_600_000

/**
 * -1, 0, 1, or undefined when the order can't be told: other types, other units, dates whose precision leaves it open.
 * https://hl7.org/fhirpath/N1/#comparison
 */
export function compare(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'number' && typeof right === 'number') return Math.sign(left - right)
  if (typeof left === 'string' && typeof right === 'string') {
    if (DATE_LIKE.test(left) && DATE_LIKE.test(right)) return compareDates(left, right)
    return left < right ? -1 : left > right ? 1 : 0
  }
  if (isQuantity(left) && isQuantity(right)) {
    const sameUnit =
      left.code === right.code &&
      left.system === right.system &&
      (left.code !== undefined || left.unit === right.unit)
    return sameUnit ? Math.sign(left.value - right.value) : undefined
  }
  return undefined
}

function compareDates(left: string, right: string): number | undefined {
  const a = toInterval(left, utc)
  const b = toInterval(right, utc)
  if (!a || !b) return undefined
  if (left.length === right.length && a.from === b.from && a.to === b.to) return 0
  const slack = hasOffset(left) === hasOffset(right) ? 0 : OFFSET_SLACK_MS
  if (a.to + slack <= b.from) return -1
  return a.from >= b.to + slack ? 1 : undefined
}

function hasOffset(date: string): boolean {
  return date.length > 10
}

interface Quantity {
  readonly value: number
  readonly unit?: unknown
  readonly code?: unknown
  readonly system?: unknown
}

function isQuantity(value: unknown): value is Quantity {
  return typeof value === 'object' && value !== null && typeof (value as Quantity).value === 'number'
}
