import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../kernel/failure.ts'
import {
  buildAck,
  conditionHolds,
  decideAck,
  encodeText,
  parseMessage,
  readAck,
  readIntake,
  refusalOf,
  type AckRequest,
} from './index.ts'

const AT = { controlId: 'A1', epochMs: Date.UTC(2026, 0, 2, 3, 4, 5) }

function ack(message: string | Buffer, request: Partial<AckRequest> = {}): string {
  const raw = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
  return buildAck({ to: readIntake(raw), code: 'AA', ...AT, ...request }).toString('latin1')
}

const ORU =
  'MSH|^~\\&|LAB^1.2^ISO|HOSP|EHR|CLINIC|20260102||ORU^R01^ORU_R01|C1|T|2.5^FRA^2.11|||||FRA|8859/1\rPID|1||7\r'

describe('a positive answer', () => {
  test('turns sender and receiver about and repeats event, processing, version, country and character set', () => {
    expect(ack(ORU, { offsetMinutes: 60 })).toBe(
      'MSH|^~\\&|EHR|CLINIC|LAB^1.2^ISO|HOSP|20260102040405+0100||ACK^R01^ACK|A1|T|2.5^FRA^2.11|||||FRA|8859/1\rMSA|AA|C1\r',
    )
  })

  test.each([
    ['2.1', 'ACK'],
    ['2.2', 'ACK'],
    ['2.3', 'ACK^R01'],
    ['2.3.1', 'ACK^R01^ACK'],
    ['2.8.2', 'ACK^R01^ACK'],
    ['strange', 'ACK^R01^ACK'],
  ])('version %s says %s', (version, type) => {
    expect(ack(`MSH|^~\\&|L|||||ORU|ORU^R01|C1|P|${version}`).split('|')[8]).toBe(type)
  })

  test('uses the delimiters of the sender', () => {
    expect(ack('MSH$@*!%$L@1$H$$$$$ORU@R01$C1$P$2.5')).toBe(
      'MSH$@*!%$$$L@1$H$20260102030405+0000$$ACK@R01@ACK$A1$P$2.5\rMSA$AA$C1\r',
    )
  })

  test('speaks the character set of the sender', () => {
    const raw = encodeText('MSH|^~\\&|検査|||||||C1|P|2.5||||||~ISO IR87\r', 'iso-2022')
    const answer = buildAck({ to: readIntake(raw), code: 'AA', ...AT })
    expect(parseMessage(answer).get('MSH-5')).toBe('検査')
    const wide = encodeText('MSH|^~\\&|Hél|||||||C1|P|2.5\r', 'utf-16le')
    expect(parseMessage(buildAck({ to: readIntake(wide), code: 'AA', ...AT })).get('MSH-5')).toBe('Hél')
  })

  test('bytes that were not of the set go back as they came', () => {
    expect(ack('MSH|^~\\&|H\xe9l|||||||C1|P|2.5')).toContain('|H\xe9l|')
  })

  test('can be given with MSH-10 alone, and with nothing at all', () => {
    expect(ack('MSH|^~\\&||||||||C1')).toBe(
      'MSH|^~\\&|||||20260102030405+0000||ACK^^ACK|A1|P|2.5\rMSA|AA|C1\r',
    )
    const error = refusalOf(new Failure('invalid', 'hl7-no-header')).error
    expect(ack('junk', { code: 'AR', errors: [error], self: { application: 'PASSERELLE' } })).toBe(
      'MSH|^~\\&|PASSERELLE||||20260102030405+0000||ACK^^ACK|A1|P|2.5\r' +
        'MSA|AR||Segment sequence error\r' +
        'ERR||MSH^1|100^Segment sequence error^HL70357|E|hl7-no-header|||Segment sequence error\r',
    )
    expect(buildAck({ to: undefined, code: 'AR', ...AT }).toString()).toMatch(/^MSH\|.*\rMSA\|AR\r$/)
  })
})

describe('a negative answer', () => {
  const location = { segment: 'PID', sequence: 1, field: 5, component: 3 }
  const errors = [
    { code: '102', severity: 'E', location, applicationCode: 'not|a|number', text: 'PID-5 & co' },
  ] as const

  test('from 2.5 says where, what, how bad and our own code', () => {
    expect(ack(ORU, { code: 'AE', errors }).split('\r').slice(1, 3)).toEqual([
      'MSA|AE|C1|PID-5 \\T\\ co',
      'ERR||PID^1^5^1^3|102^Data type error^HL70357|E|not\\F\\a\\F\\number|||PID-5 \\T\\ co',
    ])
  })

  test('before 2.5 uses ERR-1, from 2.7 leaves MSA-3 out', () => {
    expect(ack('MSH|^~\\&|L|||||||C1|P|2.3', { code: 'AE', errors })).toContain(
      '\rERR|PID^1^5^102&Data type error&HL70357\r',
    )
    expect(ack('MSH|^~\\&|L|||||||C1|P|2.7', { code: 'AE', errors })).toContain('\rMSA|AE|C1\rERR||')
    expect(ack('MSH|^~\\|L|||||||C1|P|2.3', { code: 'AE', errors })).toContain('\rERR|PID^1^5^102\r')
    expect(ack('MSH|^|L|||||||C1|P|2.5', { code: 'AE', errors })).toContain('|E|not a number|||PID-5 & co\r')
  })

  test('is read back by readAck', () => {
    for (const version of ['2.3', '2.5']) {
      const answer = ack(`MSH|^~\\&|L|||||||C1|P|${version}`, { code: 'CR', errors })
      expect(readAck(Buffer.from(answer, 'latin1'))).toEqual({
        code: 'CR',
        controlId: 'C1',
        errorCodes: ['102'],
      })
    }
    expect(readAck(Buffer.from(ORU))).toBeUndefined()
    expect(readAck(Buffer.from('junk'))).toBeUndefined()
  })
})

describe('the verdict of a Failure', () => {
  test.each([
    [new Failure('invalid', 'whatever'), 'error', '102'],
    [new Failure('invalid', 'hl7-charset'), 'error', '102'],
    [new Failure('invalid', 'hl7-encoding-characters'), 'rejected', '101'],
    [new Failure('unsupported', 'hl7-unsupported-event'), 'rejected', '201'],
    [new Failure('unsupported', 'hl7-unsupported-version'), 'rejected', '203'],
    [new Failure('too-large', 'hl7-frame'), 'rejected', '104'],
    [new Failure('unavailable', 'database'), 'error', '207'],
    [new Failure('internal', 'constructor'), 'error', '207'],
  ] as const)('%s', (failure, verdict, code) => {
    expect(refusalOf(failure)).toMatchObject({
      verdict,
      error: { code, severity: 'E', applicationCode: failure.code },
    })
  })

  test('a given location goes before the usual one', () => {
    const location = { segment: 'OBX', sequence: 3, field: 5 }
    expect(refusalOf(new Failure('invalid', 'hl7-charset'), location).error.location).toEqual(location)
  })
})

const wishes = (accept?: string, application?: string) => ({
  acceptAckType: accept,
  applicationAckType: application,
})

describe('which answer is wanted', () => {
  test('without MSH-15 and MSH-16, or without a header: one answer in original mode', () => {
    expect(decideAck(wishes(), 'accepted')).toEqual({
      mode: 'original',
      immediate: 'AA',
      application: 'never',
    })
    expect(decideAck(undefined, 'rejected').immediate).toBe('AR')
    expect(decideAck(wishes(), 'error').immediate).toBe('AE')
  })

  test.each([
    ['AL', 'CA', 'CE'],
    // What is not taken is not handled either: the application's answer comes at once.
    ['NE', undefined, 'AE'],
    ['ER', undefined, 'CE'],
    ['SU', 'CA', 'AE'],
    [undefined, undefined, 'AE'],
    ['??', 'CA', 'CE'],
  ])('MSH-15 %s', (accept, onSuccess, onError) => {
    expect(decideAck(wishes(accept, 'ER'), 'accepted')).toEqual({
      mode: 'enhanced',
      immediate: onSuccess,
      application: 'on-error',
    })
    expect(decideAck(wishes(accept, 'ER'), 'error').immediate).toBe(onError)
  })

  test('the channel may insist', () => {
    expect(decideAck(wishes('NE', 'NE'), 'accepted', 'original').immediate).toBe('AA')
    expect(decideAck(wishes(), 'rejected', 'enhanced').immediate).toBe('CR')
    expect(decideAck(wishes(), 'rejected', 'never').immediate).toBeUndefined()
  })

  test('conditions', () => {
    expect(conditionHolds('always', 'error')).toBe(true)
    expect(conditionHolds('never', 'accepted')).toBe(false)
    expect(conditionHolds('on-error', 'rejected')).toBe(true)
    expect(conditionHolds('on-success', 'accepted')).toBe(true)
  })
})

test('encoding characters that cannot be repeated leave the others in their places', () => {
  const raw = Buffer.from('MSH$!""""""\x0b""||8859/1$A$B$C$D', 'latin1')
  const answer = buildAck({ to: readIntake(raw), code: 'AA', ...AT })
  expect(answer.toString('latin1')).toMatch(/^MSH\$!""""\$/)
  expect(readAck(answer)).toMatchObject({ code: 'AA' })
})

test('whatever came, the answer is a message that can be read and framed', () => {
  const piece = fc.constantFrom(
    '|',
    '^',
    '~',
    '\\',
    '&',
    'A',
    '2.3',
    '""',
    '\0',
    '\x0b',
    '\x1c',
    '\xe9',
    '8859/1',
    '\n',
    '$',
  )
  const header = fc.tuple(
    fc.constantFrom('MSH|^~\\&|', 'MSH|^', 'MSH|', 'MSH$!', 'x'),
    fc.array(piece, { maxLength: 40 }),
  )
  fc.assert(
    fc.property(header, fc.constantFrom('AA', 'AE', 'CR'), ([head, pieces], code) => {
      const raw = Buffer.from(head + pieces.join(''), 'latin1')
      const errors = [refusalOf(new Failure('invalid', 'hl7-charset', {})).error]
      const answer = buildAck({ to: readIntake(raw), code, errors, ...AT })
      expect(answer.includes(0x0b) || answer.includes(0x1c)).toBe(false)
      expect(readAck(answer)).toMatchObject({ code })
    }),
    { numRuns: 1000 },
  )
})
