import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { thrownBy } from '../../test/support/thrown.ts'
import { Failure } from '../kernel/failure.ts'
import { CommandField, decodeCommand, encodeCommand, NO_DATASET } from './command.ts'

const uid = fc.stringMatching(/^[0-2](\.[1-9][0-9]{0,8}){1,6}$/)
const word = fc.nat(0xffff)
const command = fc.record(
  {
    affectedSopClass: uid,
    commandField: word,
    messageId: word,
    messageIdRespondedTo: word,
    priority: word,
    dataSetType: word,
    status: word,
    offendingElement: fc.array(fc.stringMatching(/^[0-9A-F]{8}$/), { minLength: 1, maxLength: 3 }),
    errorComment: fc.stringMatching(/^[a-z]([a-z ]{0,60}[a-z])?$/),
    affectedSopInstance: uid,
    moveOriginatorAeTitle: fc.stringMatching(/^[A-Z]{1,16}$/),
    completedSubOperations: word,
  },
  { requiredKeys: [] },
)

test('every command set reads back as it was written', () => {
  fc.assert(
    fc.property(command, (value) => {
      expect(decodeCommand(encodeCommand(value))).toEqual(value)
    }),
  )
})

test('a command set begins with its length, and all values have an even one', () => {
  const bytes = encodeCommand({
    affectedSopClass: '1.2.3',
    commandField: CommandField.cEchoRq,
    messageId: 7,
    dataSetType: NO_DATASET,
  })
  expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12)
  expect(bytes.length % 2).toBe(0)
})

test('junk is a Failure, never another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
      expect(thrownBy(() => decodeCommand(Buffer.from(junk)))).toSatisfy(isNothingOrFailure)
    }),
  )
})

function isNothingOrFailure(thrown: unknown): boolean {
  return thrown === undefined || thrown instanceof Failure
}
