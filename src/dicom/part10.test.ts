import { describe, expect, test } from 'vitest'

import { encodeFixture } from './encode.fixture.ts'
import { decodeFileStart, encodeFileStart } from './part10.ts'
import { syntheticCt } from './synthetic.ts'
import { CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from './uid.ts'

const META = {
  sopClassUid: CT_IMAGE_STORAGE,
  sopInstanceUid: '2.25.123',
  transferSyntax: IMPLICIT_VR_LITTLE_ENDIAN,
}
const DATASET = encodeFixture(
  [
    ['00080016', CT_IMAGE_STORAGE],
    ['00080018', '2.25.123'],
  ],
  IMPLICIT_VR_LITTLE_ENDIAN,
)

test('what is written before a dataset reads back, and ends where the dataset begins', () => {
  const start = encodeFileStart(META)
  expect(decodeFileStart(Buffer.concat([start, DATASET]))).toEqual({ ...META, datasetOffset: start.length })
})

test('the same object makes the same bytes, whoever sent it and whenever', () => {
  expect(encodeFileStart(META).equals(encodeFileStart({ ...META }))).toBe(true)
})

describe('files as they are found', () => {
  test('without preamble and meta: the transfer syntax is found out', () => {
    expect(decodeFileStart(DATASET)).toEqual({ datasetOffset: 0, transferSyntax: IMPLICIT_VR_LITTLE_ENDIAN })
    const explicit = encodeFixture([['00080016', CT_IMAGE_STORAGE]], EXPLICIT_VR_LITTLE_ENDIAN)
    expect(decodeFileStart(explicit)?.transferSyntax).toBe(EXPLICIT_VR_LITTLE_ENDIAN)
  })

  test('without a transfer syntax in the meta', () => {
    const start = encodeFileStart({ ...META, transferSyntax: '' })
    expect(decodeFileStart(Buffer.concat([start, DATASET]))?.transferSyntax).toBe(IMPLICIT_VR_LITTLE_ENDIAN)
  })

  test('with a wrong group length', () => {
    const start = encodeFileStart(META)
    start.writeUInt32LE(9999, 140)
    expect(decodeFileStart(Buffer.concat([start, DATASET]))?.datasetOffset).toBe(start.length)
  })

  test('anything else is no DICOM file', () => {
    expect(decodeFileStart(Buffer.from('%PDF-1.7 and so on'))).toBeUndefined()
    expect(decodeFileStart(Buffer.alloc(0))).toBeUndefined()
  })
})

test('a synthetic CT is a file of the size that was asked for', () => {
  const uids = { studyUid: '2.25.1', seriesUid: '2.25.2', sopInstanceUid: '2.25.3' }
  const file = syntheticCt({ ...uids, instanceNumber: 1, size: 32 })
  expect(decodeFileStart(file)).toMatchObject({ sopClassUid: CT_IMAGE_STORAGE, sopInstanceUid: '2.25.3' })
  expect(file.length).toBeGreaterThan(32 * 32 * 2)
})
