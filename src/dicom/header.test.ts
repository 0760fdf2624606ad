import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { textOf } from './dataset.ts'
import { encodeFixture, type FixtureElement } from './encode.fixture.ts'
import { HEAD_SIZES, readHeader } from './header.ts'
import {
  CT_IMAGE_STORAGE,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
} from './uid.ts'

const SYNTAXES = [
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
]

const ELEMENTS: readonly FixtureElement[] = [
  ['00080005', 'ISO_IR 100'],
  ['00080008', 'ORIGINAL\\PRIMARY'],
  ['00080016', CT_IMAGE_STORAGE],
  ['00080018', '2.25.1'],
  ['00081030', ''],
  [
    '00081032',
    [
      [
        ['00080100', 'CODE'],
        ['00080104', 'Meaning \xe9'],
      ],
      [['00080100', 'OTHER']],
    ],
  ],
  ['00100010', 'M\xfcller^J\xf6rg=='],
  ['0020000D', '2.25.2'],
  ['00280010', 512],
  ['00281053', '1.10'],
  ['00281054', 'HU'],
  ['7FE00010', Buffer.alloc(1000, 7), 'OW'],
]

function read(bytes: Buffer, transferSyntax: string) {
  return readHeader(bytes, { transferSyntax, last: true, whole: true })!
}

describe.each(SYNTAXES)('%s', (transferSyntax) => {
  test.each([false, true])('is read into the JSON model (open lengths: %s)', (openLengths) => {
    const header = read(encodeFixture(ELEMENTS, transferSyntax, { openLengths }), transferSyntax)
    expect(header).toMatchObject({ complete: true, endsEarly: false, warnings: [] })
    expect(header.dataset).toMatchObject({
      '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY'] },
      '00081032': {
        vr: 'SQ',
        Value: [
          { '00080100': { vr: 'SH', Value: ['CODE'] }, '00080104': { vr: 'LO', Value: ['Meaning é'] } },
          { '00080100': { vr: 'SH', Value: ['OTHER'] } },
        ],
      },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Müller^Jörg' }] },
      '00280010': { vr: 'US', Value: [512] },
      // As sent: a number would lose the zero.
      '00281053': { vr: 'DS', Value: ['1.10'] },
    })
    expect(header.dataset['00081030']).toBeUndefined()
    expect(header.dataset['7FE00010']?.BulkDataURI).toMatch(/^bulk\/\d+\/1000$/)
  })

  test('the head alone gives the same as the whole', () => {
    const large: FixtureElement[] = [...ELEMENTS.slice(0, -1), ['7FE00010', Buffer.alloc(300_000, 1), 'OW']]
    const bytes = encodeFixture(large, transferSyntax)
    const head = bytes.subarray(0, HEAD_SIZES[0])
    const fromHead = readHeader(head, { transferSyntax, last: false, whole: false })
    expect(fromHead?.dataset).toEqual(read(bytes, transferSyntax).dataset)
  })

  test('cut anywhere it asks for more or stops; it never fails', () => {
    const bytes = encodeFixture(ELEMENTS, transferSyntax)
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.boolean(), fc.boolean(), (end, last, whole) => {
        const options = { transferSyntax, last: last || whole, whole }
        const header = readHeader(bytes.subarray(0, end), options)
        expect(header !== undefined || !options.last).toBe(true)
      }),
    )
  })
})

test('junk never fails', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(...SYNTAXES), (junk, transferSyntax) => {
      expect(read(Buffer.from(junk), transferSyntax)).toBeDefined()
    }),
  )
})

test('changed bytes never fail', () => {
  const bytes = encodeFixture(ELEMENTS, EXPLICIT_VR_LITTLE_ENDIAN, { openLengths: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
      const changed = Buffer.from(bytes)
      for (const [at, value] of changes) changed[at] = value
      expect(read(changed, EXPLICIT_VR_LITTLE_ENDIAN)).toBeDefined()
    }),
  )
})

test('asks for more until the header is whole', () => {
  const elements: FixtureElement[] = [
    ...ELEMENTS.slice(0, 5),
    ['00091010', Buffer.alloc(100_000), 'OB'],
    ...ELEMENTS.slice(6),
  ]
  const bytes = encodeFixture(elements, EXPLICIT_VR_LITTLE_ENDIAN)
  const attempt = (size: number) =>
    readHeader(bytes.subarray(0, size), {
      transferSyntax: EXPLICIT_VR_LITTLE_ENDIAN,
      last: false,
      whole: false,
    })
  expect(attempt(HEAD_SIZES[0])).toBeUndefined()
  expect(textOf(attempt(HEAD_SIZES[1])?.dataset, 'StudyInstanceUID')).toBe('2.25.2')
})

test('a head that may not grow gives what it has, and says that there is more', () => {
  const bytes = encodeFixture(
    [...ELEMENTS.slice(0, 8), ['00091010', Buffer.alloc(100_000), 'OB']],
    EXPLICIT_VR_LITTLE_ENDIAN,
  )
  const options = { transferSyntax: EXPLICIT_VR_LITTLE_ENDIAN, last: true, whole: false }
  const header = readHeader(bytes.subarray(0, 65_536), options)!
  expect(header).toMatchObject({ complete: false, endsEarly: false })
  expect(textOf(header.dataset, 'SOPInstanceUID')).toBe('2.25.1')
})

test('a dataset that ends within an element ends early; pixels say how far they must reach', () => {
  const bytes = encodeFixture(ELEMENTS, EXPLICIT_VR_LITTLE_ENDIAN)
  expect(read(bytes.subarray(0, 120), EXPLICIT_VR_LITTLE_ENDIAN).endsEarly).toBe(true)
  expect(read(bytes.subarray(0, bytes.length - 10), EXPLICIT_VR_LITTLE_ENDIAN).mustReach).toBe(bytes.length)
})

test('one that is not encoded as agreed is read as it is, with a warning', () => {
  const header = read(encodeFixture(ELEMENTS, IMPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
  expect(textOf(header.dataset, 'StudyInstanceUID')).toBe('2.25.2')
  expect(header.warnings).toEqual(['encoding-is-not-the-negotiated-one'])
})

test('64-bit values are read, as text where a number would lose digits', () => {
  const value = Buffer.alloc(16)
  value.writeBigUInt64LE(7n, 0)
  value.writeBigUInt64LE(2n ** 60n, 8)
  const elements: FixtureElement[] = [
    ...ELEMENTS.slice(0, 8),
    ['00720083', value, 'UV'],
    ...ELEMENTS.slice(8),
  ]
  const header = read(encodeFixture(elements, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
  expect(header.dataset['00720083']).toEqual({ vr: 'UV', Value: [7, '1152921504606846976'] })
  expect(header.complete).toBe(true)
})

test('private elements keep their bytes; long values are pointed at', () => {
  const elements: FixtureElement[] = [
    ...ELEMENTS.slice(0, 4),
    ['00090010', 'OWNER', 'LO'],
    ['00091001', Buffer.from([1, 2, 3, 4]), 'UN'],
    ['00091002', Buffer.alloc(5000), 'UN'],
    ...ELEMENTS.slice(6),
  ]
  const { dataset } = read(encodeFixture(elements, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
  expect(dataset['00091001']).toEqual({ vr: 'UN', InlineBinary: 'AQIDBA==' })
  expect(dataset['00091002']?.BulkDataURI).toMatch(/^bulk\/\d+\/5000$/)
})

test('a sequence that is garbled inside is left out, what follows is read', () => {
  const elements: FixtureElement[] = [
    ...ELEMENTS.slice(0, 5),
    ['00081032', Buffer.alloc(64, 0x41), 'SQ'],
    ...ELEMENTS.slice(6),
  ]
  const header = read(encodeFixture(elements, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
  expect(header.warnings).toEqual(['sequence-not-readable'])
  expect(textOf(header.dataset, 'StudyInstanceUID')).toBe('2.25.2')
})

test('sequences nested a hundred thousand deep do no harm', () => {
  const sequence = Buffer.from('0800321053510000ffffffff', 'hex')
  const item = Buffer.from('feff00e0ffffffff', 'hex')
  const start = encodeFixture(ELEMENTS.slice(0, 4), EXPLICIT_VR_LITTLE_ENDIAN)
  const bomb = Buffer.concat([
    start,
    ...Array.from({ length: 100_000 }, () => Buffer.concat([sequence, item])),
  ])
  expect(textOf(read(bomb, EXPLICIT_VR_LITTLE_ENDIAN).dataset, 'SOPInstanceUID')).toBe('2.25.1')
})

test('what inflates to gigabytes is only inflated in part', () => {
  const elements: FixtureElement[] = [...ELEMENTS.slice(0, -1), ['7FE00010', Buffer.alloc(60_000_000), 'OW']]
  const bytes = encodeFixture(elements, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
  expect(bytes.length).toBeLessThan(100_000)
  expect(read(bytes, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)).toMatchObject({ complete: true, endsEarly: false })
})

test('text that a database could not keep is cleaned: NUL, half a surrogate pair', () => {
  const elements: FixtureElement[] = [
    ['00080005', 'ISO_IR 192'],
    ...ELEMENTS.slice(1, 4),
    ['00100010', 'A\0B^\xed\xa0\x80'],
  ]
  const { dataset } = read(encodeFixture(elements, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
  const text = JSON.stringify(dataset['00100010'])
  expect(text).toContain('AB^')
  expect(text.isWellFormed()).toBe(true)
})
