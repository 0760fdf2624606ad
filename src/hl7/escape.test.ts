import { expect, test } from 'vitest'
import { parseMessage } from './index.ts'

function decoded(value: string, header = head('')): string | null | undefined {
  return parseMessage(Buffer.from(`${header}\rNTE|1||${value}`, 'latin1')).get('NTE-3')
}

const head = (set: string): string => `MSH|^~\\&|A|||||||1|P|2.5||||||${set}`

test.each([
  ['a\\F\\b', 'a|b'],
  ['a\\S\\b\\T\\c\\R\\d\\E\\e\\P\\f', 'a^b&c~d\\e#f'],
  ['\\H\\important\\N\\ text', 'important text'],
  ['one\\.br\\two\\.BR\\three', 'one\ntwo\nthree'],
  ['one\\.sp2\\two\\.sp\\three', 'one\n\ntwo\nthree'],
  ['a\\.sk3\\b\\.in+2\\c\\.ti4\\d\\.fi\\e\\.nf\\f\\.ce\\g', 'a   bcdef\ng'],
  ['\\X41\\\\x42\\', 'AB'],
  ['\\X0D0A\\', '\r\n'],
])('%s reads as %j', (value, text) => {
  expect(decoded(value)).toBe(text)
})

test.each([
  'C:\\temp\\scan',
  'a\\b',
  '\\Zlocal\\',
  '\\X4\\',
  '\\XZZ\\',
  '\\.zz\\',
  '\\',
  '\\\\',
  '\\X\\',
  '\\C99\\',
])('what is not an escape stays: %s', (value) => {
  expect(decoded(value)).toBe(value)
})

test('the character after a stray escape character may begin a real one', () => {
  expect(decoded('50\\ \\T\\ 60')).toBe('50\\ & 60')
})

test('hexadecimal bytes are read in the character set of the message, or stay when they are not of it', () => {
  expect(decoded('\\XE9\\', head('8859/1'))).toBe('é')
  expect(decoded('\\XA4\\', head('8859/15'))).toBe('€')
  expect(decoded('\\XC3A9\\', head('UNICODE UTF-8'))).toBe('é')
  expect(decoded('\\XE9\\', head('UNICODE UTF-8'))).toBe('\\XE9\\')
})

test('a fill is bounded', () => {
  expect(decoded('\\.sp999999\\')!.length).toBe(200)
})

test('\\M and \\C switch the character set of what follows', () => {
  expect(decoded('\\M2442\\;3ED\\C2842\\ Taro')).toBe('山田 Taro')
  expect(decoded('A\\M242844\\0!\\C2842\\\\T\\B')).toBe('A丂&B')
  expect(decoded('\\C2D47\\\xe5\xd1\xcd\xc8\xc7', head('8859/1'))).toBe('مرحبا')
  // Bytes that are not of the set: the text stays as sent.
  expect(decoded('\\M2442\\;')).toBe('\\M2442\\;')
})
