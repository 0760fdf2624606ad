/** Expected values: the examples of PS3.5 Annexes H (Japanese), I (Korean), J and K (Chinese), and names of our own. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { textDecoding } from './decoder.ts'

const ESC = '\x1b'

function name(terms: string, bytes: string | Buffer): string {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  return textDecoding(terms.split('\\')).decode(buffer, '\\^=')
}

describe('one-byte sets', () => {
  test.each([
    ['ISO_IR 100', 'Buc^J\xe9r\xf4me', 'Buc^Jérôme'],
    ['ISO_IR 101', 'Wa\xb3\xeasa', 'Wałęsa'],
    ['ISO_IR 109', '\xa1amrun', 'Ħamrun'],
    ['ISO_IR 110', 'B\xbarzi\xf1\xb9', 'Bērziņš'],
    ['ISO_IR 144', '\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3', 'Люксембург'],
    ['ISO_IR 127', '\xe2\xc8\xc7\xe6\xea', 'قباني'],
    ['ISO_IR 126', '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2', 'Διονυσιος'],
    ['ISO_IR 138', '\xf9\xf8\xe5\xef', 'שרון'],
    ['ISO_IR 148', '\xc7avu\xfeo\xf0lu', 'Çavuşoğlu'],
    ['ISO_IR 166', '\xca\xc1\xaa\xd2\xc2', 'สมชาย'],
    ['ISO_IR 203', '\xa4 5', '€ 5'],
    ['ISO_IR 13', '\xd4\xcf\xc0\xde^\xc0\xdb\xb3', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
  ])('%s', (term, bytes, expected) => {
    expect(name(term, bytes)).toBe(expected)
  })
})

describe('code extensions', () => {
  test('Japanese: three groups, kanji and kana by JIS X 0208', () => {
    const bytes = `Yamada^Tarou=${ESC}$B;3ED${ESC}(B^${ESC}$BB@O:${ESC}(B=${ESC}$B$d$^$@${ESC}(B^${ESC}$B$?$m$&${ESC}(B`
    expect(name('\\ISO 2022 IR 87', bytes)).toBe('Yamada^Tarou=山田^太郎=やまだ^たろう')
  })

  test('Japanese: half-width katakana first, back to romaji before each delimiter', () => {
    const bytes = `\xd4\xcf\xc0\xde^\xc0\xdb\xb3=${ESC}$B;3ED${ESC}(J^${ESC}$BB@O:${ESC}(J=${ESC}$B$d$^$@${ESC}(J^${ESC}$B$?$m$&${ESC}(J`
    expect(name('ISO 2022 IR 13\\ISO 2022 IR 87', bytes)).toBe('ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう')
  })

  test('Japanese: supplementary kanji by JIS X 0212', () => {
    expect(name('\\ISO 2022 IR 159', `${ESC}$(D0!${ESC}(B^A`)).toBe('丂^A')
  })

  test('Korean: KS X 1001 in G1, the escape repeated in each component', () => {
    const bytes = `Hong^Gildong=${ESC}$)C\xfb\xf3^${ESC}$)C\xd1\xce\xd4\xd7=${ESC}$)C\xc8\xab^${ESC}$)C\xb1\xe6\xb5\xbf`
    expect(name('\\ISO 2022 IR 149', bytes)).toBe('Hong^Gildong=洪^吉洞=홍^길동')
  })

  test('Korean: the escape only once, as some devices do', () => {
    expect(name('\\ISO 2022 IR 149', `${ESC}$)C\xc8\xab^\xb1\xe6\xb5\xbf`)).toBe('홍^길동')
  })

  test('Chinese: GB 2312 in G1', () => {
    const bytes = `Zhang^XiaoDong=${ESC}$)A\xd5\xc5^${ESC}$)A\xd0\xa1\xb6\xab=`
    expect(name('\\ISO 2022 IR 58', bytes)).toBe('Zhang^XiaoDong=张^小东=')
  })

  test('Greek and Russian in one value, switched by escapes', () => {
    expect(
      name('ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144', `\xc4\xe9^${ESC}-F\xc4\xe9^${ESC}-L\xbb\xee`),
    ).toBe('Äé^Δι^Лю')
  })

  test('the initial sets come back at a line end and between values', () => {
    const decoding = textDecoding(['ISO 2022 IR 100', 'ISO 2022 IR 126'])
    const bytes = Buffer.from(`${ESC}-F\xe1\r\n\xe1\\${ESC}-F\xe1\\\xe1`, 'latin1')
    expect(decoding.decode(bytes, '\\')).toBe('α\r\ná\\α\\á')
  })

  test('a byte of a kanji that looks like a delimiter is none', () => {
    expect(name('\\ISO 2022 IR 87', `${ESC}$B;^${ESC}(B^x`)).toBe('枝^x')
  })
})

describe('whole encodings', () => {
  test.each([
    ['ISO_IR 192', Buffer.from('Παπαδοπούλου^Ελένη'), 'Παπαδοπούλου^Ελένη'],
    ['GB18030', Buffer.from([0xcd, 0xf5, 0x5e, 0xd0, 0xa1, 0xb6, 0xab]), '王^小东'],
    ['GBK', Buffer.from([0xcd, 0xf5, 0x5e, 0xd0, 0xa1, 0xb6, 0xab]), '王^小东'],
  ])('%s', (term, bytes, expected) => {
    expect(name(term, bytes)).toBe(expected)
  })

  test('a second byte that is a backslash belongs to its character', () => {
    expect(textDecoding(['GBK']).decode(Buffer.from([0x95, 0x5c]), '\\')).toBe('昞')
  })
})

describe('what the standard does not foresee', () => {
  test.each(['ISO-IR 100', 'ISO_IR_100', 'ISO2022IR100', 'iso_ir 100', 'LATIN1', 'ISO 8859-1'])(
    '%s is Latin-1',
    (term) => {
      expect(name(term, 'J\xe9r\xf4me')).toBe('Jérôme')
      expect(textDecoding([term]).unknown).toEqual([])
    },
  )

  test('high bytes without a character set are UTF-8 if they can be', () => {
    expect(name('', Buffer.from('Müller'))).toBe('Müller')
    expect(name('', 'M\xfcller')).toBe('Müller')
  })

  test('an unknown term is reported, and its text is read as if there were none', () => {
    const decoding = textDecoding(['X-UNKNOWN'])
    expect(decoding.unknown).toEqual(['X-UNKNOWN'])
    expect(decoding.decode(Buffer.from('Doe^Jane'), '\\^=')).toBe('Doe^Jane')
  })

  test('no bytes make it fail', () => {
    const terms = [
      '',
      'ISO_IR 100',
      'ISO 2022 IR 13',
      '\\ISO 2022 IR 87',
      '\\ISO 2022 IR 149',
      'ISO_IR 192',
      'GB18030',
      'junk',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...terms), fc.uint8Array(), (term, bytes) => {
        expect(typeof name(term, Buffer.from(bytes))).toBe('string')
      }),
    )
  })
})
