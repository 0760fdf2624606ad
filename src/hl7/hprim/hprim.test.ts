import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Failure } from '../../kernel/failure.ts'
import { encodeText } from '../charset/index.ts'
import { parseMessage } from '../message.ts'
import { parseHprimAsV2, readHprimIntake, splitHprim } from './intake.ts'
import { encodeHprim, parseHprim } from './message.ts'
import { hprimToV2 } from './to-v2.ts'

/** Two invented patients of an invented laboratory; the second line of the first OBX goes on in an A line. */
const LINES = [
  'H|~^\\&|LAB00042.HPR|secret|LABSUD~Laboratoire du Sud||ORU|||CAB13~Cabinet des Oliviers||P|H2.3~C|202603101815',
  'P|1|D4411|L99817||FABRE~LUCIE~MARIE~~MME|GARCIN|19710922|F||8 ALLÉE DES PINS~~AUBAGNE~~13400|284067500112233|0442000002',
  'OBR|1|E7701~DEM5501|S8801~R26031001|NFS~Numération~L^CRP~Protéine C réactive~L|R|202603100730|202603100745||||N|||202603100830|SANG|131218026~ROUX Hélène~L~CARD~Cardiologie~L|0442000003|||||202603101700|||F',
  'OBX|1|NM|HGB~Hémoglobine~L||13,',
  'A|4|g/dL|12 - 16|N|||F|||202603101200|HEMA~10',
  'C|1|L|Contrôlé sur un second tube',
  'OBX|2|FIC|CR~Compte rendu~L||CR26031001.PDF~PDF|||||||F',
  'P|2|D4412|||MAURIN~PAUL||19600105|M',
  'OBX|1|ST|GRS~Groupe~L||A \\E\\ Rh+|||||||F',
  'L|1||2|9',
]
const FILE = LINES.map((line) => `${line}\r\n`).join('')
const bytes = (text: string): Buffer => encodeText(text, 'iso-8859-1')

/** Separators that a header may declare, all different and none a letter, a digit, a blank or a control character. */
const separators = fc.uniqueArray(fc.constantFrom(...'|~^\\&!#$%*+:;<=>?@_/'), { minLength: 5, maxLength: 5 })
const NAMES = ['P', 'OBR', 'OBX', 'C', 'L', 'FAC', 'AP']
/** Any printable text of ISO 8859-1, which may hold separators too. */
const content = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code < 0x7f || code > 0x9f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 700,
})

describe('the codec', () => {
  test('what is written as lines of at most 220 characters is read as the same segments, whatever separates', () => {
    fc.assert(
      fc.property(
        separators,
        fc.array(fc.tuple(fc.constantFrom(...NAMES), content), { maxLength: 6 }),
        fc.constantFrom('\r', '\n', '\r\n'),
        ([field, ...others], rest, end) => {
          const segments = [
            `H${field}${others.join('')}${field}FILE`,
            ...rest.map(([name, text]) => `${name}${field}${text}`),
          ]
          const text = encodeHprim(segments, field!, end)
          for (const line of text.split(end)) expect(line.length + end.length).toBeLessThanOrEqual(220)
          const read = parseHprim(bytes(text).toString('latin1'))
          expect(read.segments.map(({ raw }) => raw)).toEqual(segments)
          expect(read.delimiters).toMatchObject({ field, component: others[0], repetition: others[1] })
        },
      ),
      { numRuns: 150 },
    )
  })

  test('any bytes are a message or a Failure', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      content.map((text) => bytes(`H|~^\\&|${text}\r${text}`)),
      fc.nat(FILE.length).map((cut) => bytes(FILE).subarray(cut)),
    )
    fc.assert(
      fc.property(any, (raw) => {
        expect(typeof readHprimIntake(raw).readable).toBe('boolean')
        expect(splitHprim(raw).length).toBeGreaterThan(0)
        try {
          parseMessage(hprimToV2(parseHprim(raw.toString('latin1'))))
        } catch (error) {
          expect(error).toBeInstanceOf(Failure)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('separators are what stands behind the H, by their place', () => {
    const exotic = parseHprim('H|\\^&~|F|||\rP|1||X1\\Y2||DURAND\\JEAN^D2\r').segments[1]!
    expect(exotic.get('5.2')).toBe('JEAN')
    expect(exotic.get('5[2]')).toBe('D2')
    const hl7 = parseHprim('H|^~\\&|F\rP|1|||||\rOBX|1|ST|A^B\r')
    expect(hl7.segments[2]!.get('3.2')).toBe('B')
    expect(parseHprim('H|^~&|F\rP|1|X&Y\r').delimiters).toMatchObject({ escape: '\\', subcomponent: '&' })
    expect(() => parseHprim('MSH|^~\\&|')).toThrow(expect.objectContaining({ code: 'hl7-no-header' }))
  })

  test('what can’t be printed between lines says nothing', () => {
    const names = parseHprim('\ufeffH|~^\\&|F\n\r\x00P|1\r\r\nL|1\x1a\r\x1a').segments.map(({ raw }) => raw)
    expect(names).toEqual(['H|~^\\&|F', 'P|1', 'L|1'])
  })
})

describe('in the words of HL7 v2', () => {
  const message = parseHprimAsV2(bytes(FILE))

  test('the header says who sends what to whom, and nothing of its password', () => {
    expect(message.get('MSH-4')).toBe('LABSUD')
    expect(message.get('MSH-6')).toBe('CAB13')
    expect(message.get('MSH-9.2')).toBe('R01')
    expect(message.get('MSH-10')).toBe('LAB00042.HPR-202603101815')
    expect(message.get('MSH-12')).toBe('H2.3')
    expect([message.get('MSH-22.1'), message.get('MSH-22.10')]).toEqual(['Laboratoire du Sud', 'LABSUD'])
    expect(message.toString()).not.toContain('secret')
  })

  test('the patient has the numbers of both sides, a used and a birth name', () => {
    expect(message.get('PID-3[1]')).toBe('D4411')
    expect(message.get('PID-3[1].4')).toBe('CAB13')
    expect(message.get('PID-3[2].4')).toBe('LABSUD')
    expect([message.get('PID-3[3]'), message.get('PID-3[3].4.2')]).toEqual([
      '284067500112233',
      '1.2.250.1.213.1.4.8',
    ])
    expect([message.get('PID-5[1]'), message.get('PID-5[1].7')]).toEqual(['FABRE', 'D'])
    expect([message.get('PID-5[2]'), message.get('PID-5[2].2')]).toEqual(['GARCIN', 'LUCIE'])
    expect(message.get('PID[2]-5[1].7')).toBeUndefined()
  })

  test('numbers of requests are orders, numbers of samples specimens, the other analyses details', () => {
    expect([message.get('OBR-2'), message.get('OBR-3')]).toEqual(['DEM5501', 'R26031001'])
    expect([message.get('SPM-2.1.1'), message.get('SPM-2.2.1')]).toEqual(['E7701', 'S8801'])
    expect([message.get('SPM-4'), message.get('SPM-18')]).toEqual(['SANG', '202603100830'])
    expect([message.get('OBR-4'), message.get('OBR-46')]).toEqual(['NFS', 'CRP'])
    expect([message.get('ORC-12.2'), message.get('ORC-21.1')]).toEqual(['ROUX Hélène', 'Cardiologie'])
  })

  test('a value goes on in the next line, a comment is a note, a file a pointer', () => {
    expect(message.get('OBX-5')).toBe('13,4')
    expect(message.get('NTE-3')).toBe('Contrôlé sur un second tube')
    expect([message.get('OBX[2]-2'), message.get('OBX[2]-5.4')]).toEqual(['RP', 'pdf'])
    expect(message.get('OBX[3]-5')).toBe('A \\ Rh+')
  })

  test('of another context than results it is no message that tables are for', () => {
    expect(parseHprimAsV2(bytes('H|~^\\&|F||X||ADM\rP|1\rL|1\r')).get('MSH-9.1')).toBe('HPRIM')
  })
})

describe('at the door', () => {
  test('a file without its end is refused', () => {
    expect(readHprimIntake(bytes(FILE.slice(0, -20)))).toEqual({ readable: false, reason: 'no-end' })
    expect(readHprimIntake(Buffer.alloc(0))).toEqual({ readable: false, reason: 'empty' })
    expect(readHprimIntake(Buffer.from('MSH|^~\\&|'))).toEqual({ readable: false, reason: 'no-header' })
  })

  test('a file of too many lines is refused as such', () => {
    const long = Buffer.from(`${LINES[0]}\r${'C|1\r'.repeat(250_001)}L|1\r`, 'latin1')
    expect(readHprimIntake(long)).toEqual({ readable: false, reason: 'lines' })
  })

  test('a file of several patients is cut into one for each, with a number of its own', () => {
    expect(readHprimIntake(bytes(FILE))).toMatchObject({ readable: true, several: true })
    const [first, second, ...more] = splitHprim(bytes(FILE))
    expect(more).toEqual([])
    expect(readHprimIntake(first!)).toMatchObject({
      several: false,
      header: { controlId: 'LAB00042.HPR-202603101815', messageCode: 'ORU' },
      patientIdentifiers: [{ id: 'D4411' }, {}, {}],
    })
    expect(readHprimIntake(second!)).toMatchObject({
      header: { controlId: 'LAB00042.HPR-202603101815-2' },
      patientIdentifiers: [{ id: 'D4412' }],
    })
    const segments = (raw: Buffer) => parseHprim(raw.toString('latin1')).segments.map(({ name }) => name)
    expect([...segments(first!), ...segments(second!)]).toEqual([
      'H',
      'P',
      'OBR',
      'OBX',
      'C',
      'OBX',
      'L',
      'H',
      'P',
      'OBX',
      'L',
    ])
  })

  test('a small file does not become a huge one', () => {
    const greedy = Buffer.from(`H|~^\\&|${'x'.repeat(100_000)}\r${'P|1\r'.repeat(3_000)}L|1\r`)
    expect(() => splitHprim(greedy)).toThrow(expect.objectContaining({ code: 'hl7-batch-messages' }))
  })

  test('other character sets are the channel’s to say', () => {
    const utf8 = Buffer.from(FILE, 'utf8')
    expect(parseHprimAsV2(utf8, { override: 'utf-8' }).get('ORC-12.2')).toBe('ROUX Hélène')
    expect(() => parseHprimAsV2(bytes(FILE), { override: 'utf-8' })).toThrow(
      expect.objectContaining({ code: 'hl7-charset' }),
    )
  })
})
