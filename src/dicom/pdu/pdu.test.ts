import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { Failure } from '../../kernel/failure.ts'
import { decodePdu, encodeFragments, encodePdu, makePduFramer, type Pdu } from './index.ts'

const uid = fc.stringMatching(/^[0-2]\.[1-9][0-9]{0,8}(\.[1-9][0-9]{0,8}){1,4}$/)
const aeTitle = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,15}$/)
const byte = fc.integer({ min: 0, max: 255 })
const contextId = fc.integer({ min: 0, max: 127 }).map((n) => n * 2 + 1)
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const user = fc.record(
  {
    maxPduLength: fc.nat(0xffffffff),
    implementationClassUid: uid,
    implementationVersionName: aeTitle,
    others: fc.array(fc.record({ type: fc.integer({ min: 0x56, max: 0x59 }), value: bytes(40) }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ['maxPduLength', 'implementationClassUid', 'others'] },
)
const associate = {
  protocolVersion: fc.constant(1),
  calledAeTitle: aeTitle,
  callingAeTitle: aeTitle,
  applicationContext: uid,
  user,
}

const pdu: fc.Arbitrary<Pdu> = fc.oneof(
  fc.record({
    type: fc.constant('associate-rq' as const),
    ...associate,
    contexts: fc.array(
      fc.record({ id: contextId, abstractSyntax: uid, transferSyntaxes: fc.array(uid, { minLength: 1 }) }),
    ),
  }),
  fc.record({
    type: fc.constant('associate-ac' as const),
    ...associate,
    contexts: fc.array(
      fc.record({
        id: contextId,
        result: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const, 4 as const),
        transferSyntax: uid,
      }),
    ),
  }),
  fc.record({ type: fc.constant('associate-rj' as const), result: byte, source: byte, reason: byte }),
  fc.record({
    type: fc.constant('p-data-tf' as const),
    values: fc.array(
      fc.record({ contextId, command: fc.boolean(), last: fc.boolean(), fragment: bytes(300) }),
    ),
  }),
  fc.constant({ type: 'release-rq' as const }),
  fc.constant({ type: 'release-rp' as const }),
  fc.record({ type: fc.constant('abort' as const), source: byte, reason: byte }),
)

test('every PDU reads back as it was written', () => {
  fc.assert(
    fc.property(pdu, (value) => {
      expect(decodePdu(encodePdu(value))).toEqual(value)
    }),
  )
})

test('a stream is cut into the same PDUs however it is chunked', () => {
  fc.assert(
    fc.property(fc.array(pdu, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 50 })), (pdus, sizes) => {
      const stream = Buffer.concat(pdus.map(encodePdu))
      const framer = makePduFramer(() => 1_000_000)
      const found: Pdu[] = []
      let at = 0
      for (let turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 7
        framer.push(stream.subarray(at, at + size))
        at += size
        for (let whole = framer.next(); whole !== undefined; whole = framer.next())
          found.push(decodePdu(whole))
      }
      expect(found).toEqual(pdus)
      expect(framer.pending()).toBe(0)
    }),
  )
})

test('junk is a Failure, never another error', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), bytes(200), (type, body) => {
      const junk = Buffer.concat([Buffer.from([type, 0, 0, 0, 0, body.length]), body])
      expect(thrownBy(() => decodePdu(junk))).toSatisfy(
        (thrown) => thrown === undefined || thrown instanceof Failure,
      )
    }),
  )
})

describe('the framer', () => {
  test('refuses an announced length of 4 GB by the six bytes that say so', () => {
    const framer = makePduFramer(() => 65_536)
    framer.push(Buffer.from([0x01, 0, 0xff, 0xff, 0xff, 0xff]))
    expect(() => framer.next()).toThrow('pdu-too-long')
  })

  test('refuses an unknown type before its length is believed', () => {
    const framer = makePduFramer((type) => (type === 1 ? 100 : undefined))
    framer.push(Buffer.from('GET / HTTP/1.1\r\n'))
    expect(() => framer.next()).toThrow('pdu-unrecognized')
  })

  test('waits for a header that has not come whole', () => {
    const framer = makePduFramer(() => 100)
    framer.push(Buffer.from([0x05, 0]))
    expect(framer.next()).toBeUndefined()
    framer.push(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0]))
    expect(framer.next()).toHaveLength(10)
  })
})

test('a dataset is cut into PDUs no longer than the receiver takes, and only the last one says so', () => {
  fc.assert(
    fc.property(bytes(2000), fc.integer({ min: 16, max: 700 }), (dataset, maxPduLength) => {
      const pdus = encodeFragments({ contextId: 1, command: false, last: true }, dataset, maxPduLength)
      const values = pdus.map(decodePdu).flatMap((one) => (one.type === 'p-data-tf' ? one.values : []))
      for (const one of pdus) expect(one.length - 6).toBeLessThanOrEqual(maxPduLength)
      expect(Buffer.concat(values.map(({ fragment }) => fragment)).equals(dataset)).toBe(true)
      expect(values.map(({ last }) => last)).toEqual(values.map((_, index) => index === values.length - 1))
    }),
  )
})
