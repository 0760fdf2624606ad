import { expect, test } from 'vitest'

import { DEFAULT_POLICY, negotiate } from './negotiate.ts'
import { ContextResult } from './pdu/pdu.ts'
import {
  CT_IMAGE_STORAGE,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  VERIFICATION,
} from './uid.ts'

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'

function answer(abstractSyntax: string, ...transferSyntaxes: string[]) {
  const { answers, agreed } = negotiate([{ id: 3, abstractSyntax, transferSyntaxes }], DEFAULT_POLICY)
  return { result: answers[0]!.result, transferSyntax: agreed.get(3)?.transferSyntax }
}

test('of several transfer syntaxes the first of the policy is taken', () => {
  expect(
    answer(CT_IMAGE_STORAGE, JPEG_BASELINE, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN),
  ).toEqual({
    result: ContextResult.acceptance,
    transferSyntax: EXPLICIT_VR_LITTLE_ENDIAN,
  })
})

test.each([
  ['a compressed one', JPEG_BASELINE],
  ['deflated', '1.2.840.10008.1.2.1.99'],
  ['a private one', '1.3.6.1.4.1.99999.1'],
])('%s is taken when it is the only one', (_, transferSyntax) => {
  expect(answer(CT_IMAGE_STORAGE, transferSyntax)).toEqual({
    result: ContextResult.acceptance,
    transferSyntax,
  })
})

test.each([
  ['verification', VERIFICATION],
  ['a storage class of the standard', '1.2.840.10008.5.1.4.1.1.88.33'],
  ['one that is not registered yet', '1.2.840.10008.5.1.4.1.1.999.1'],
  ['a private one', '1.3.12.2.1107.5.9.1'],
])('%s is accepted', (_, abstractSyntax) => {
  expect(answer(abstractSyntax, IMPLICIT_VR_LITTLE_ENDIAN).result).toBe(ContextResult.acceptance)
})

test.each([
  ['query/retrieve', '1.2.840.10008.5.1.4.1.2.2.1'],
  ['modality worklist', '1.2.840.10008.5.1.4.31'],
  ['an empty name', ''],
])('%s is refused as not supported', (_, abstractSyntax) => {
  expect(answer(abstractSyntax, IMPLICIT_VR_LITTLE_ENDIAN).result).toBe(
    ContextResult.abstractSyntaxNotSupported,
  )
})

test('a context without a transfer syntax is refused for that', () => {
  expect(answer(CT_IMAGE_STORAGE).result).toBe(ContextResult.transferSyntaxesNotSupported)
})

test('a site can say which storage classes it takes', () => {
  const policy = { ...DEFAULT_POLICY, storageClasses: new Set([CT_IMAGE_STORAGE]) }
  const proposed = ['1.2.840.10008.5.1.4.1.1.4', CT_IMAGE_STORAGE, VERIFICATION].map(
    (abstractSyntax, index) => {
      return { id: index * 2 + 1, abstractSyntax, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] }
    },
  )
  expect([...negotiate(proposed, policy).agreed.keys()]).toEqual([3, 5])
})
