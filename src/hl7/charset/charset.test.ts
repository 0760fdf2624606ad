import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { charsetNamed, decodeText, encodeText, hl7CharsetName, parseMessage, type Charset } from '../index.ts'
import { tryDecode } from './index.ts'

function message(set: string, ...name: number[]): Buffer {
  return Buffer.concat([
    Buffer.from(`MSH|^~\\&|LAB|||||||1|P|2.5||||||${set}\rPID|1||7||`),
    Buffer.from(name),
    Buffer.from('^X\r'),
  ])
}

describe('MSH-18', () => {
  test.each<[string, number[], string]>([
    ['8859/1', [0xc9, 0x6c], 'Él'],
    ['8859/1', [0x92], '’'],
    ['8859/2', [0xb3], 'ł'],
    ['8859/15', [0xa4], '€'],
    ['ISO-8859-15', [0xa4], '€'],
    ['CP1252', [0x80], '€'],
    ['UNICODE UTF-8', [0xc3, 0x89], 'É'],
    ['UTF-8', [0xc3, 0x89], 'É'],
    ['UNICODE', [0xc3, 0x89], 'É'],
    ['ISO IR14', [0xb1, 0x8e, 0x52], 'ｱ山'],
    ['~ISO IR87', [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42], '山'],
    ['ASCII~ISO IR87~ISO IR159', [0x1b, 0x24, 0x28, 0x44, 0x30, 0x21, 0x1b, 0x28, 0x42], '丂'],
    ['8859/1~ISO IR87', [0xc9, 0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42, 0xe9], 'É山é'],
    ['8859/1~8859/7', [0xc9, 0x1b, 0x2d, 0x46, 0xe1], 'Éα'],
    ['8859/1~8859/7', [0xc9], 'É'],
    ['JIS X 0202', [0x1b, 0x24, 0x42, 0x3b, 0x33, 0x1b, 0x28, 0x42], '山'],
    ['8859/5', [0xbc], 'М'],
    ['8859/9', [0xdd], 'İ'],
    // The second byte is the escape character in ASCII, the fourth the field separator.
    ['ISO IR14', [0x94, 0x5c, 0x8f, 0x7c], '能楯'],
    ['GB 18030-2000', [0xc9, 0xbd], '山'],
    ['KS X 1001', [0xb0, 0xa1], '가'],
    ['BIG-5', [0xa4, 0x73], '山'],
  ])('%s %j', (set, bytes, text) => {
    expect(parseMessage(message(set, ...bytes)).get('PID-5')).toBe(text)
  })

  test('UTF-16 shows in the first bytes', () => {
    const text = 'MSH|^~\\&|LAB\rPID|1||7||Élise'
    for (const charset of ['utf-16be', 'utf-16le'] as const) {
      expect(parseMessage(encodeText(text, charset)).get('PID-5')).toBe('Élise')
      expect(parseMessage(encodeText(`\ufeff${text}`, charset)).charset).toBe(charset)
    }
  })

  test('the channel overrides it, and decides where it is empty', () => {
    expect(parseMessage(message('UNICODE UTF-8', 0xe9), { charset: 'iso-8859-1' }).get('PID-5')).toBe('é')
    expect(parseMessage(message('', 0xe9), { defaultCharset: 'iso-8859-1' }).get('PID-5')).toBe('é')
    expect(parseMessage(message('', 0xc3, 0xa9)).get('PID-5')).toBe('é')
  })

  test.each<[string, number[]]>([
    ['', [0xe9]],
    ['ASCII', [0xe9]],
    ['UNICODE UTF-8', [0xe9]],
    ['ISO IR14', [0x8e, 0x20]],
    ['~ISO IR87', [0xb1]],
    ['~ISO IR87', [0x1b, 0x24, 0x5a]],
    ['BIG-5', [0xa4, 0x20]],
  ])('bytes that are not of the set are refused, with their place: %s %j', (set, bytes) => {
    expect(() => parseMessage(message(set, ...bytes))).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'hl7-charset',
        params: expect.objectContaining({ line: 2, segment: 'PID' }),
      }),
    )
  })

  test('a name that is not known is refused, never guessed', () => {
    expect(() => parseMessage(message('KLINGON'))).toThrow(
      expect.objectContaining({ code: 'hl7-charset-unknown', params: { name: 'KLINGON' } }),
    )
    expect(() => parseMessage(message('8859/1~UNICODE UTF-32'))).toThrow(
      expect.objectContaining({ code: 'hl7-charset-unknown' }),
    )
  })
})

test('the names that HL7 and people use are known', () => {
  const names = [
    '8859/1',
    'iso8859-9',
    'ISO_8859-15',
    'windows-1252',
    'Latin1',
    'us-ascii',
    'GB2312',
    'ISO IR100',
    'Shift_JIS',
  ]
  expect(names.map(charsetNamed)).toEqual([
    'iso-8859-1',
    'iso-8859-9',
    'iso-8859-15',
    'windows-1252',
    'iso-8859-1',
    'ascii',
    'gb18030',
    'iso-8859-1',
    'shift_jis',
  ])
  expect(charsetNamed('8859/12')).toBeUndefined()
  expect(charsetNamed('constructor')).toBeUndefined()
})

test('the name that is written for a set reads back as it', () => {
  for (const charset of [
    'ascii',
    'utf-8',
    'iso-8859-15',
    'shift_jis',
    'iso-2022',
    'euc-kr',
    'gb18030',
    'big5',
  ] as const) {
    expect(charsetNamed(hl7CharsetName(charset))).toBe(charset)
  }
})

describe('encoding', () => {
  const repertoire: Record<string, string> = {
    'iso-8859-1': 'éÀß’',
    'iso-8859-15': 'éœŒ€',
    'iso-8859-5': 'Мария',
    'windows-1250': 'łŁőŰ',
    shift_jis: '山田ｱﾒ能表',
    'euc-jp': '山田能表ア',
    'iso-2022': '山田能表ｱﾒ',
    'euc-kr': '가나다',
    gb18030: '山田é𠀀🜁ᚠ',
    big5: '山田表',
    'utf-8': 'é山𠀀',
    'utf-16le': 'é山𠀀',
    'utf-16be': 'é山𠀀',
  }

  test.each(Object.entries(repertoire))('%s: what is encoded decodes to the same', (charset, letters) => {
    const text = fc
      .array(fc.constantFrom(...letters, 'a', '|', '^', '\\', '\r', ' '))
      .map((all) => all.join(''))
    fc.assert(
      fc.property(text, (sent) => {
        expect(decodeText(encodeText(sent, charset as Charset), charset as Charset)).toBe(sent)
      }),
      { numRuns: 50 },
    )
  })

  test('a character that the set does not have fails, or is a question mark when asked', () => {
    expect(() => encodeText('山', 'iso-8859-1')).toThrow(
      expect.objectContaining({ code: 'hl7-charset-missing-character' }),
    )
    expect(encodeText('a山b', 'iso-8859-1', { missing: 'question-mark' }).toString()).toBe('a?b')
    expect(encodeText('é', 'ascii', { missing: 'question-mark' }).toString()).toBe('?')
  })
})

describe('for every set', () => {
  const sets = [
    'ASCII 8859/1 8859/2 8859/3 8859/4 8859/5 8859/6 8859/7 8859/8 8859/9 8859/15 windows-1252 windows-1250 BIG-5 Shift_JIS',
    'UTF-8 UTF-16BE UTF-16LE EUC-JP',
  ]
    .join(' ')
    .split(' ')
    .concat(['GB 18030-2000', 'KS X 1001', 'ISO IR87', 'ISO IR14', 'UNICODE UTF-16'])
    .map((name) => charsetNamed(name)!)
    .concat('iso-2022+iso-8859-1', 'iso-2022+iso-8859-15')

  test.each(sets)(
    '%s: what bytes decode to is never a replacement character, and encodes to the same text',
    (set) => {
      const byte = fc.oneof(
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(0x1b, 0x24, 0x28, 0x42, 0x80, 0xe9, 0x0d),
      )
      fc.assert(
        fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
          const text = tryDecode(Buffer.from(bytes), set)
          if (text === undefined || isSentAsReplacement(bytes, set)) return
          expect(text).not.toContain('\ufffd')
          // Code extension may reach sets that are read only.
          if (!set.startsWith('iso-2022')) expect(tryDecode(encodeText(text, set), set)).toBe(text)
        }),
        { numRuns: 150 },
      )
    },
  )

  /** The sender's own: not decoded to it, but sent so. */
  function isSentAsReplacement(bytes: readonly number[], set: Charset): boolean {
    const hex = Buffer.from(bytes).toString('hex')
    return ['utf-8', 'utf-16be', 'utf-16le', 'gb18030'].includes(set) && /efbfbd|fffd|fdff|8431a437/.test(hex)
  }
})
