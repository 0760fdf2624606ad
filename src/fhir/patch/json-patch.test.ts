import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { type ExactJson, type Json, parseExactJson, parseExactObject } from '../../kernel/json.ts'
import { applyJsonPatch, parseJsonPatch } from './json-patch.ts'
import { jsonPatch } from './patch.ts'
import { parsePointer } from './pointer.ts'

const patched = (document: Json, ...operations: Json[]) =>
  applyJsonPatch(document, parseJsonPatch(operations))

describe('the examples of RFC 6902', () => {
  test.each<[string, Json, Json[], Json]>([
    [
      'A.1 adds a member',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { baz: 'qux', foo: 'bar' },
    ],
    [
      'A.2 adds an array element',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 removes an array element',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replaces a value',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 moves a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moves an array element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 tests values',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adds a nested object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 ignores members that it does not know',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    [
      'A.14 reads ~0 and ~1 in their order',
      { '/': 9, '~1': 10 },
      [{ op: 'test', path: '/~01', value: 10 }],
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 adds an array at the end',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
    [
      'copies a value',
      { a: { b: [1] } },
      [{ op: 'copy', from: '/a/b', path: '/c' }],
      { a: { b: [1] }, c: [1] },
    ],
    ['replaces the whole document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    ['moves a value to where it is', { a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
    ['reads an empty name', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  ])('%s', (_what, document, operations, expected) => {
    const before = structuredClone(document)
    expect(patched(document, ...operations)).toEqual(expected)
    expect(document).toEqual(before)
  })
})

test.each<[string, Json, Json]>([
  ['A.9 a test that fails', { baz: 'qux' }, { op: 'test', path: '/baz', value: 'bar' }],
  ['A.15 a test of a string for a number', { '~1': 10 }, { op: 'test', path: '/~01', value: '10' }],
  ['a test of an object with another member', { a: { b: 1 } }, { op: 'test', path: '/a', value: { c: 1 } }],
])('%s is a conflict', (_what, document, operation) => {
  const failure = thrownBy(() => patched(document, { op: 'add', path: '/x', value: 1 }, operation))
  expect(failure).toMatchObject({ kind: 'conflict', code: 'patch-test-failed', params: { operation: 2 } })
})

test.each<[string, Json]>([
  ['A.12 a target below nothing', { op: 'add', path: '/baz/bat', value: 'qux' }],
  ['an index after the end', { op: 'add', path: '/list/3', value: 1 }],
  ['an index with a leading zero', { op: 'add', path: '/list/01', value: 1 }],
  ['an index that is none', { op: 'replace', path: '/list/one', value: 1 }],
  ['the place after the last element, to replace', { op: 'replace', path: '/list/-', value: 1 }],
  ['a removal of what is not there', { op: 'remove', path: '/nothing' }],
  ['a removal of everything', { op: 'remove', path: '' }],
  ['a member of a text', { op: 'add', path: '/text/length', value: 1 }],
  ['a member of a number', { op: 'add', path: '/number/rawJSON', value: '1' }],
  ['a member that only the prototype has', { op: 'test', path: '/constructor', value: 1 }],
  ['a move into itself', { op: 'move', from: '/object', path: '/object/inside' }],
  ['a test of what is not there', { op: 'test', path: '/nothing', value: null }],
])('%s is refused', (_what, operation) => {
  const document = parseExactJson('{"list":[1,2],"text":"x","number":1.10,"object":{}}').exact
  expect(thrownBy(() => patched(document, operation))).toMatchObject({ code: 'patch-path-missing' })
})

test.each<[string, Json]>([
  ['no object', 'add'],
  ['no op', { path: '/a', value: 1 }],
  ['an unknown op', { op: 'merge', path: '/a', value: 1 }],
  ['no path', { op: 'remove' }],
  ['a path without a slash', { op: 'remove', path: 'a' }],
  ['an escape that is none', { op: 'remove', path: '/a~2' }],
  ['no value', { op: 'add', path: '/a' }],
  ['no from', { op: 'move', path: '/a' }],
  ['a from that is no path', { op: 'copy', from: 'a', path: '/a' }],
])('an operation with %s is malformed', (_what, operation) => {
  expect(thrownBy(() => parseJsonPatch([operation]))).toMatchObject({ code: 'patch-malformed' })
})

test('a name like __proto__ is a member like any other', () => {
  const result = patched({ a: {} }, { op: 'add', path: '/a/__proto__', value: { polluted: true } })
  expect(JSON.stringify(result)).toBe('{"a":{"__proto__":{"polluted":true}}}')
  expect(({} as { polluted?: true }).polluted).toBeUndefined()
})

test('a patch that doubles its document again and again is refused', () => {
  const double = { op: 'copy', from: '/a', path: '/a/-' }
  expect(
    thrownBy(() => patched({ a: ['x'.repeat(1000)] }, ...Array.from({ length: 60 }, () => double))),
  ).toMatchObject({ kind: 'too-large', code: 'patch-copies-too-much' })
  const deeper = { op: 'copy', from: '/a', path: '/a/b' }
  expect(thrownBy(() => patched({ a: {} }, ...Array.from({ length: 200 }, () => deeper)))).toMatchObject({
    code: 'json-depth',
  })
})

test('a patch with more operations than anybody needs is refused', () => {
  const operations = Array.from({ length: 5001 }, () => ({ op: 'test', path: '', value: {} }))
  expect(thrownBy(() => parseJsonPatch(operations))).toMatchObject({ code: 'patch-too-many-operations' })
  expect(thrownBy(() => parseJsonPatch({ op: 'test' }))).toMatchObject({ code: 'patch-not-an-array' })
})

test.each([
  ['1.10', '1.1', true],
  ['100', '1e2', true],
  ['0.0', '-0', true],
  ['12345678901234567890', '12345678901234567891', false],
  ['-1', '1', false],
  ['1.0', '"1.0"', false],
])('a test of %s for %s is %s', (there, wanted, equal) => {
  const document = parseExactJson(`{"a":${there}}`).exact
  const operations = parseJsonPatch(parseExactJson(`[{"op":"test","path":"/a","value":${wanted}}]`).exact)
  if (equal) expect(applyJsonPatch(document, operations)).toBe(document)
  else expect(thrownBy(() => applyJsonPatch(document, operations))).toBeDefined()
})

const observation: ExactJson = parseExactObject(
  '{"resourceType":"Observation","id":"o","meta":{"versionId":"3"},"valueQuantity":{"value":1.500},"note":[{"text":"a"}]}',
)

test('decimals that a patch moves, adds or leaves alone keep their digits', () => {
  const { apply } = jsonPatch(
    '[{"op":"add","path":"/component","value":[{"valueQuantity":{"value":2.00}}]},{"op":"copy","from":"/valueQuantity","path":"/component/0/x"},{"op":"remove","path":"/note"}]',
  )
  const { value, exact } = apply(observation)
  expect(JSON.stringify(exact)).toContain('"valueQuantity":{"value":1.500}')
  expect(JSON.stringify(exact)).toContain(
    '"component":[{"valueQuantity":{"value":2.00},"x":{"value":1.500}}]',
  )
  expect(value).toMatchObject({ valueQuantity: { value: 1.5 } })
  expect(value['note']).toBeUndefined()
})

test.each([
  ['its id', '[{"op":"replace","path":"/id","value":"other"}]'],
  ['its id away', '[{"op":"remove","path":"/id"}]'],
  ['its type', '[{"op":"replace","path":"/resourceType","value":"Patient"}]'],
  ['its version', '[{"op":"replace","path":"/meta/versionId","value":"9"}]'],
  ['all of it', '[{"op":"replace","path":"","value":[]}]'],
])('a patch can not change %s', (_what, text) => {
  expect(thrownBy(() => jsonPatch(text).apply(observation))).toMatchObject({ code: 'patch-identity' })
})

test('a patch may take the meta away: its version is the server’s', () => {
  expect(jsonPatch('[{"op":"remove","path":"/meta"}]').apply(observation).value['meta']).toBeUndefined()
})

test('conditional references that a patch brings are known', () => {
  const { conditionalReferences } = jsonPatch(
    '[{"op":"add","path":"/subject","value":{"reference":"Patient?a=1"}},{"op":"replace","path":"/encounter/reference","value":"Encounter?a=2"},{"op":"add","path":"/note/0/text","value":"Why? Nobody knows"},{"op":"test","path":"/x","value":{"reference":"Patient?a=3"}}]',
  )
  expect(conditionalReferences).toEqual(['Patient?a=1', 'Encounter?a=2'])
})

const member = fc.string().filter((name) => name !== '-')
const json = fc.jsonValue({ maxDepth: 3 })

test('property: what is added anywhere is found there, and its removal gives the document back', () => {
  fc.assert(
    fc.property(fc.dictionary(member, json), member, json, json, (object, name, inside, value) => {
      const document = { ...object, [name]: [inside] } as Json
      const token = name.replaceAll('~', '~0').replaceAll('/', '~1')
      const added = patched(document, { op: 'add', path: `/${token}/-`, value: value as Json })
      const checked = patched(added, { op: 'test', path: `/${token}/1`, value: value as Json })
      expect(patched(checked, { op: 'remove', path: `/${token}/1` })).toEqual(document)
      expect(parsePointer(`/${token}/-`)).toEqual([name, '-'])
    }),
  )
})
