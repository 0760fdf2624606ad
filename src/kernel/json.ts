/**
 * JSON whose decimals survive. FHIR decimals carry their precision (`1.10` is not `1.1`,
 * https://hl7.org/fhir/R4/datatypes.html#decimal), and a JavaScript number drops it. So a body is read into two trees:
 * `value` with plain numbers, to compute with, and `exact`, whose numbers that would change are JSON.rawJSON.
 * Where nothing would change (most bodies) both are the same object.
 */
import { Failure } from './failure.ts'
import { placeIn } from './place-in-text.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export interface ExactJson<T = JsonObject> {
  /** Plain numbers. What validation, search and mapping read. */
  readonly value: T
  /** What is written: `stringify(exact)` gives every number back as it came. */
  readonly exact: T
}

/** How deep a body may nest. FHIR's deepest real resources stay under 40. */
export const MAX_DEPTH = 128

/** Numbers that JSON.parse → JSON.stringify may write otherwise: a trailing zero, an exponent, 16 digits or more, -0. */
const FRAGILE_NUMBER = /[:[,]\s*-?(?:\d+\.\d*0(?![\d.])|\d+(?:\.\d+)?[eE]|[\d.]{16,}|0\.000000)|[:[,]\s*-0/

const UNSTORABLE_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/

/**
 * Parses a body.
 * @throws Failure `invalid`/`json-syntax` with line and column, `json-depth`, `json-character` for U+0000 and half
 *   surrogate pairs, which neither FHIR nor PostgreSQL takes
 */
export function parseExactJson(text: string): ExactJson<Json> {
  const value = parse(text)
  refuseDepth(value, 0)
  if (UNSTORABLE_ESCAPE.test(text)) refuseUnstorable(value)
  if (!FRAGILE_NUMBER.test(text)) return { value, exact: value }
  return { value, exact: withDigits(value, text) ?? parse(text, keepDigits) }
}

/** As parseExactJson, and the body must be an object. */
export function parseExactObject(text: string): ExactJson {
  const { value, exact } = parseExactJson(text)
  if (!isObject(value)) throw new Failure('invalid', 'json-not-an-object')
  return { value, exact: exact as JsonObject }
}

/** The pair for a tree that may hold exact numbers: `value` is a tree of its own where that makes a difference. */
export function exactJsonOf(exact: JsonObject): ExactJson {
  return { value: withPlainNumbers(exact), exact }
}

/** The same tree where it holds no exact number. */
function withPlainNumbers<T extends Json>(json: T): T
function withPlainNumbers(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json
  if (isRawJSON(json)) return Number(json.rawJSON)
  if (Array.isArray(json)) {
    const items = json.map(withPlainNumbers)
    return items.some((item, at) => item !== json[at]) ? items : json
  }
  let plain: JsonObject | undefined
  for (const name in json) {
    const member = json[name]!
    const after = withPlainNumbers(member)
    if (after !== member) (plain ??= { ...json })[name] = after
  }
  return plain ?? json
}

/** Whether it is a number of an exact tree that keeps its digits. */
export function isExactNumber(json: Json): boolean {
  return isRawJSON(json)
}

/** A number of JSON with its digits kept (RFC 8259 §6): what an exact tree holds; undefined when the text is none. */
export function exactNumber(text: string): Json | undefined {
  return JSON_NUMBER.test(text) ? numberAs(Number(text), text) : undefined
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Equal down to the digits of each number; the order of keys does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    isRawJSON(a) ||
    isRawJSON(b)
  ) {
    return isNumeric(a) && isNumeric(b) && JSON.stringify(a) === JSON.stringify(b)
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => sameJson(item, b[i]))
    )
  }
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  )
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || isRawJSON(value)
}

/** The digits of a number of either tree; undefined: not a number. */
export function numberText(value: Json): string | undefined {
  return isNumeric(value) ? JSON.stringify(value) : undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface RawJsonConstructor {
  rawJSON(text: string): Json
  isRawJSON(value: unknown): value is { rawJSON: string }
}
// Node 24 has them; the type library does not yet.
const { rawJSON, isRawJSON } = JSON as unknown as RawJsonConstructor

/** Texts, which may hold what looks like a number, and numbers. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs

/**
 * The exact tree of a parsed text: its numbers are taken off the text in their order, five times as fast as a reviver that
 * is called for every member. undefined where the order of the members may not be that of the text: a name that is a
 * number, or comes twice.
 */
function withDigits(value: Json, text: string): Json | undefined {
  const tokens = text.match(TOKENS) ?? []
  const numbers = tokens.filter((token) => !token.startsWith('"'))
  const texts = tokens.length - numbers.length
  let [number, seen] = [0, 0]
  let isInOrder = true
  const visit = (json: Json): Json => {
    if (typeof json === 'number') {
      const digits = numbers[number++] ?? ''
      isInOrder &&= Number(digits) === json
      return isInOrder ? numberAs(json, digits) : json
    }
    if (typeof json === 'string') seen += 1
    if (typeof json !== 'object' || json === null) return json
    if (Array.isArray(json)) return json.map(visit)
    const exact: JsonObject = {}
    for (const name in json) {
      seen += 1
      const first = name.charCodeAt(0)
      isInOrder &&= !(first >= DIGIT_0 && first <= DIGIT_9) && name !== '__proto__'
      exact[name] = visit(json[name]!)
    }
    return exact
  }
  const exact = visit(value)
  return isInOrder && number === numbers.length && seen === texts ? exact : undefined
}

const DIGIT_0 = 48
const DIGIT_9 = 57

function keepDigits(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === 'number' && context.source !== undefined ? numberAs(value, context.source) : value
}

function numberAs(value: number, digits: string): Json {
  return String(value) === digits ? value : rawJSON(digits)
}

function parse(
  text: string,
  reviver?: (key: string, value: unknown, context: { source?: string }) => unknown,
): Json {
  try {
    return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]) as Json
  } catch (error) {
    throw new Failure('invalid', 'json-syntax', placeOf(error, text))
  }
}

/** Where the text breaks. The message of V8 quotes the body, so only its position is taken: bodies hold patient data. */
function placeOf(error: unknown, text: string): { line: number; column: number } {
  const found = /position (\d+)/.exec(String(error))
  return placeIn(text, found ? Number(found[1]) : text.length)
}

/** V8 parses any depth without recursion; what walks the value later is recursive, so the limit is here. */
function refuseDepth(value: Json, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth >= MAX_DEPTH) throw new Failure('invalid', 'json-depth', { max: MAX_DEPTH })
  if (Array.isArray(value)) {
    for (const item of value) refuseDepth(item, depth + 1)
  } else {
    for (const key in value) refuseDepth(value[key]!, depth + 1)
  }
}

function refuseUnstorable(value: Json): void {
  if (typeof value === 'string') {
    refuseCharacters(value)
  } else if (Array.isArray(value)) {
    for (const item of value) refuseUnstorable(item)
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      refuseCharacters(key)
      refuseUnstorable(item)
    }
  }
}

function refuseCharacters(text: string): void {
  if (text.includes('\0') || !text.isWellFormed()) throw new Failure('invalid', 'json-character')
}
