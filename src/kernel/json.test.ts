import fc from 'fast-check'
import { expect, test } from 'vitest'

import { exactJsonOf, type JsonObject, parseExactJson, parseExactObject } from './json.ts'

/** JSON texts whose numbers come in every form that keeps or loses digits. */
const number = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom('1.10', '-0', '0.0000001', '1e3', '-2.50E-2', '12345678901234567', '0.10', '7'),
)
const name = fc.oneof(fc.string(), fc.constantFrom('value', 'say "1.0"', '1.50', 'a\\', '2', '__proto__'))
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small' },
    number,
    name.map((each) => JSON.stringify(each)),
    fc.constantFrom('true', 'null'),
    fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(name, tie('text')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, each]) => `${JSON.stringify(key)}: ${each}`).join(' ,')}}`),
  ),
}))

/** As a reader would have it that is called for each number: what the tree is to be equal to. */
function byReviver(json: string): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(digits: string): unknown }
  const keep = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && String(value) !== source ? rawJSON(source!) : value
  return JSON.parse(json, keep as Parameters<typeof JSON.parse>[1])
}

test('every number keeps its digits, whatever stands around it, and has its value in the plain tree', () => {
  fc.assert(
    fc.property(text, (inner) => {
      const json = `[${inner}]`
      const isStorable = !json.includes('\\u0000') && json.isWellFormed() && !/\\u[dD][89a-f]/.test(json)
      fc.pre(isStorable)
      const { value, exact } = parseExactJson(json)
      expect(value).toEqual(JSON.parse(json))
      expect(JSON.stringify(exact)).toBe(JSON.stringify(byReviver(json)))
    }),
    { numRuns: 500 },
  )
})

test('names that come twice do not mix up the digits', () => {
  const json = '{"a":"x","b":1.0,"a":1.00}'
  expect(JSON.stringify(parseExactJson(json).exact)).toBe('{"a":1.00,"b":1.0}')
})

test('an exact tree has one of its own with plain numbers only where that makes a difference', () => {
  const plain: JsonObject = { a: [1, { b: 'x' }] }
  expect(exactJsonOf(plain).value).toBe(plain)
  const { exact } = parseExactObject('{"a":[1.10,{"b":2}],"c":"1.10"}')
  expect(exactJsonOf(exact)).toEqual({ value: { a: [1.1, { b: 2 }], c: '1.10' }, exact })
})
