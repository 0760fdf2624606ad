import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeText, readIntake, type Intake } from './index.ts'

function intake(text: string, choice?: Parameters<typeof readIntake>[1]): Intake {
  const read = readIntake(Buffer.from(text, 'latin1'), choice)
  if (!read.readable) throw new Error(read.reason)
  return read
}

const HEADER =
  'MSH|^~\\&|LAB^1.2.3^ISO|HOSP|EHR|CLINIC|20260102030405+0100||ORU^R01^ORU_R01|C1|P|2.5^FRA^2.11|||AL|NE||8859/1'

describe('a whole message', () => {
  const read = intake(
    [
      HEADER,
      'EVN||20260102|||\t|20260101',
      'PID|1||^^^X~4711^^^HOSP&1.2&ISO^PI~99^^^&1.3.4&ISO^INS||D\xe9|||||||||||||A18',
      'MRG|0815^^^HOSP',
      'PV1|1|I|||||||||||||||||V19^^^HOSP',
      'ORC|RE|P2^EHR|F3^LAB',
      'OBR|1|P9|F9',
      'PID|2||second',
      '',
    ].join('\r'),
  )

  test('gives the header', () => {
    expect(read.header).toMatchObject({
      sendingApplication: 'LAB',
      sendingFacility: 'HOSP',
      receivingApplication: 'EHR',
      receivingFacility: 'CLINIC',
      dateTime: '20260102030405+0100',
      messageCode: 'ORU',
      triggerEvent: 'R01',
      messageStructure: 'ORU_R01',
      controlId: 'C1',
      processingId: 'P',
      version: '2.5',
      acceptAckType: 'AL',
      applicationAckType: 'NE',
      charsetNames: ['8859/1'],
    })
    expect(read).toMatchObject({ charset: 'iso-8859-1', decoded: true, several: false })
  })

  test('gives the patients of all PIDs and MRGs', () => {
    const two = readIntake(
      Buffer.from(
        'MSH|^~\\&|||||||ADT^A40|1|P|2.5\rPID|1|9|1^^^HOSP\rMRG|2^^^HOSP|||8\rPID|2||3^^^HOSP\rPID|3\rMRG|4',
      ),
    )
    expect(two).toMatchObject({
      patientIdentifiers: [{ id: '1' }],
      patients: [[{ id: '9' }, { id: '1' }], [{ id: '2' }, { id: '8' }], [{ id: '3' }], [{ id: '4' }]],
    })
  })

  test('gives the keys of the first segment of each name', () => {
    expect(read).toMatchObject({
      patientIdentifiers: [
        { id: '4711', authority: 'HOSP', type: 'PI' },
        { id: '99', authority: '1.3.4', type: 'INS' },
      ],
      patients: [
        [{ id: '4711', universalId: '1.2', universalIdType: 'ISO' }, { id: '99' }],
        [{ id: '0815', authority: 'HOSP', type: undefined }],
        [{ id: 'second' }],
      ],
      accountNumber: 'A18',
      visitNumber: 'V19',
      placerOrderNumber: 'P2',
      fillerOrderNumber: 'F3',
      recordedAt: '20260102',
      occurredAt: '20260101',
    })
  })
})

describe('poor messages', () => {
  test('the worst header: missing fields, bare delimiters, nulls', () => {
    expect(intake('MSH|^~\\&').header).toMatchObject({ controlId: undefined, messageCode: undefined })
    expect(intake('MSH|^~\\&|^^|""||^^^~||&|^^|||').header).toMatchObject({
      sendingApplication: undefined,
      sendingFacility: undefined,
      controlId: undefined,
    })
    expect(intake('MSH|^~\\&|^1.2.3^ISO|||||||\0C1 \t').header).toMatchObject({
      sendingApplication: '1.2.3',
      controlId: 'C1',
    })
  })

  test('an empty PID-3 of an old sender gives way to PID-2 and PID-4, a missing ORC to OBR', () => {
    expect(intake('MSH|^~\\&|\nPID|1|22|^^|44\nOBR|1|P|F')).toMatchObject({
      patientIdentifiers: [{ id: '22' }, { id: '44' }],
      placerOrderNumber: 'P',
      fillerOrderNumber: 'F',
    })
  })

  test.each([
    ['', 'empty'],
    ['\r\n \0', 'empty'],
    ['hello', 'no-header'],
    ['PID|1', 'no-header'],
    ['MSH', 'field-separator'],
    ['MSH|LAB|HOSP', 'encoding-characters'],
    ['FHS|^~\\&|LAB', 'batch'],
    ['BHS|^~\\&|LAB', 'batch'],
  ])('%j has no header to read: %s', (text, reason) => {
    expect(readIntake(Buffer.from(text))).toEqual({ readable: false, reason })
  })

  test('more than one header is told', () => {
    expect(intake('MSH|^~\\&|A\rPID|1||1\rMSH|^~\\&|B\rPID|1||2')).toMatchObject({
      several: true,
      patientIdentifiers: [{ id: '1' }],
    })
  })
})

describe('character sets', () => {
  test('bytes that are not of the set are given one by one, and that is told', () => {
    const read = intake('MSH|^~\\&|H\xe9l\rPID|1||\xc97')
    expect(read).toMatchObject({
      decoded: false,
      header: { sendingApplication: 'H\xe9l' },
      patientIdentifiers: [{ id: 'É7' }],
    })
  })

  test('an unknown name does not keep the header from being read', () => {
    expect(intake('MSH|^~\\&|LAB|||||||C1||||||||KLINGON')).toMatchObject({
      charset: undefined,
      decoded: true,
      header: { controlId: 'C1', charsetNames: ['KLINGON'] },
    })
  })

  test('a byte order mark and UTF-16 are no hindrance', () => {
    const text = 'MSH|^~\\&|Hél\rPID|1||7'
    expect(readIntake(Buffer.from(`\ufeff${text}`))).toMatchObject({ header: { sendingApplication: 'Hél' } })
    expect(readIntake(encodeText(text, 'utf-16le'))).toMatchObject({
      charset: 'utf-16le',
      header: { sendingApplication: 'Hél' },
      patientIdentifiers: [{ id: '7' }],
    })
  })
})

test('any bytes are read or refused, never thrown at', () => {
  const piece = fc.constantFrom(
    '|',
    '^',
    '~',
    '\\',
    '&',
    '\r',
    '\n',
    'PID|',
    'MSH|',
    'PV1|',
    '8859/1',
    '\x1b',
    '\xe9',
    'a',
    '""',
  )
  fc.assert(
    fc.property(
      fc.constantFrom('MSH', 'MSH|^~\\&|', ''),
      fc.array(piece),
      fc.uint8Array(),
      (head, pieces, tail) => {
        const raw = Buffer.concat([Buffer.from(head + pieces.join(''), 'latin1'), tail])
        expect(typeof readIntake(raw).readable).toBe('boolean')
      },
    ),
    { numRuns: 1000 },
  )
})
