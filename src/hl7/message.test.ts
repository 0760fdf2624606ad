import { Failure } from '../kernel/failure.ts'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildMessage,
  encodeMessage,
  parseMessage,
  readIntake,
  type Charset,
  type Hl7Message,
} from './index.ts'

const ORU = [
  'MSH|^~\\&|LAB^1.2.250.1.999^ISO|HOSP|EHR|HOSP|20260102030405+0100||ORU^R01^ORU_R01|C1|P|2.5^FRA^2.11',
  'PID|1||4711^^^HOSP&1.2.3.4&ISO^PI~1900101^^^INS&1.2.250.1.213.1.4.8&ISO^INS||DURAND^^""||19800102|F||""',
  'OBX|1|NM|718-7^Hémoglobine^LN||13.50|g/dL|12-16',
  'OBX|2|TX|NOTE||a\\T\\b & c\\.br\\second line',
  'ZPA|x||z',
  '',
].join('\r')

describe('reading', () => {
  const message = parseMessage(ORU)

  test('a path gives the decoded value, counted from 1, the first where nothing is said', () => {
    expect(message.get('PID-3')).toBe('4711')
    expect(message.get('PID-3.4.2')).toBe('1.2.3.4')
    expect(message.get('PID-3[2].1')).toBe('1900101')
    expect(message.get('OBX[2]-3')).toBe('NOTE')
    expect(message.get('MSH-9.2')).toBe('R01')
    expect(message.get('ZPA-3')).toBe('z')
  })

  test('null is told from absent at every level', () => {
    expect(message.get('PID-10')).toBeNull()
    expect(message.get('PID-5.3')).toBeNull()
    expect(message.get('PID-5.2')).toBeUndefined()
    expect(message.get('PID-4')).toBeUndefined()
    expect(message.get('PID-99')).toBeUndefined()
    expect(message.get('NTE-3')).toBeUndefined()
    expect(message.segment('PID')!.field(10).isNull).toBe(true)
    expect(message.segment('PID')!.field(4).isEmpty).toBe(true)
    expect(message.segment('PID')!.field(10).isEmpty).toBe(false)
  })

  test('MSH-1 is the separator and MSH-2 is not split', () => {
    expect(message.get('MSH-1')).toBe('|')
    expect(message.get('MSH-2')).toBe('^~\\&')
    expect(message.segment('MSH')!.field(2).repetitions).toHaveLength(1)
  })

  test('fields, repetitions, components and subcomponents can be walked', () => {
    const field = message.segment('PID')!.field(3)
    expect(field.repetitions.map((repetition) => repetition.value)).toEqual(['4711', '1900101'])
    expect(field.repetitions[1]!.component(4).subcomponents).toEqual(['INS', '1.2.250.1.213.1.4.8', 'ISO'])
    expect(field.repetitions[0]!.component(4).subcomponent(2)).toBe('1.2.3.4')
    expect(field.repetitions[0]!.components).toHaveLength(5)
    expect(message.segment('PID')!.field(4).repetitions).toEqual([])
    expect(message.segment('PID')!.lastField).toBe(10)
    expect(field.repetition(9).isEmpty).toBe(true)
  })

  test('a value is its first subcomponent, its text is all of it', () => {
    const component = message.segment('OBX', 2)!.field(5).repetition(1).component(1)
    expect(component.value).toBe('a&b ')
    expect(component.text).toBe('a&b & c\nsecond line')
  })

  test('segments know their place', () => {
    expect(message.segments('OBX').map(({ index, sequence }) => [index, sequence])).toEqual([
      [2, 1],
      [3, 2],
    ])
    expect(message.segments().map(({ name }) => name)).toEqual(['MSH', 'PID', 'OBX', 'OBX', 'ZPA'])
  })

  test('delimiters are whatever MSH-1 and MSH-2 say', () => {
    const other = parseMessage('MSH$@*!%$LAB\rPID$1$$7@@@H%1.2*8$$A!T!B')
    expect(other.get('PID-3[1].4.2')).toBe('1.2')
    expect(other.get('PID-3[2]')).toBe('8')
    expect(other.get('PID-5')).toBe('A%B')
  })

  test('with three encoding characters the ampersand is text; without any the usual ones hold', () => {
    expect(parseMessage('MSH|^~\\|\rPID|||a&b').get('PID-3')).toBe('a&b')
    expect(parseMessage('MSH||LAB\rPID|||a^b&c').get('PID-3.2.2')).toBe('c')
    expect(parseMessage('MSH|^~\\&#|LAB\rPID|||a\\P\\b').get('PID-3')).toBe('a#b')
    expect(parseMessage('MSH|^~\\& |LAB').get('MSH-3')).toBe('LAB')
  })

  test('CR LF and LF end segments too, a line feed inside a text does not', () => {
    expect(parseMessage(ORU.replaceAll('\r', '\r\n')).get('ZPA-3')).toBe('z')
    expect(parseMessage(ORU.replaceAll('\r', '\n')).get('ZPA-3')).toBe('z')
    const pasted = parseMessage('MSH|^~\\&|\rNTE|1||first\nsecond: a|b\rPID|1')
    expect(pasted.get('NTE-3')).toBe('first\nsecond: a')
    expect(pasted.segments().map(({ name }) => name)).toEqual(['MSH', 'NTE', 'PID'])
  })

  test('blank lines, a byte order mark and framing characters are kept but not shown', () => {
    const text = '\ufeff\r\nMSH|^~\\&|LAB\r\r  \rPID|1\r\x1c\r'
    const read = parseMessage(Buffer.from(text))
    expect(read.segments().map(({ name }) => name)).toEqual(['MSH', 'PID'])
    expect(encodeMessage(read).toString()).toBe(text)
  })

  test.each([
    ['', 'hl7-no-header'],
    ['PID|1', 'hl7-no-header'],
    ['FHS|^~\\&|', 'hl7-no-header'],
    ['MSH', 'hl7-field-separator'],
    ['MSHA^~\\&A', 'hl7-field-separator'],
    ['MSH|LAB|HOSP', 'hl7-encoding-characters'],
  ])('what has no readable header is refused: %j', (text, code) => {
    expect(() => parseMessage(text)).toThrow(expect.objectContaining({ kind: 'invalid', code }))
    expect(() => parseMessage(Buffer.from(text))).toThrow(expect.objectContaining({ kind: 'invalid', code }))
  })

  test.each(['PID', 'PID-', 'PID-0', 'PID-3[0]', 'pid-3', 'PID-3.1.1.1', 'PID-3[', 'PID-99999'])(
    'a path must be one: %s',
    (path) => {
      expect(() => message.get(path)).toThrow(expect.objectContaining({ code: 'hl7-path' }))
    },
  )
})

describe('writing', () => {
  test('what was not touched goes out byte for byte, also where a segment was changed', () => {
    // ISO-2022-JP with a needless escape sequence, which encoding anew would not write.
    const odd = Buffer.from(
      'MSH|^~\\&|LAB|||||||1|P|2.5|||||JPN|~ISO IR87\rPID|1||7||\x1b(B\x1b$B;3\x1b(B^X\r',
      'latin1',
    )
    const message = parseMessage(odd)
    expect(message.get('PID-5')).toBe('山')
    expect(encodeMessage(message)).toEqual(odd)
    message.set('MSH-10', '2')
    expect(encodeMessage(message)).toEqual(
      Buffer.from(odd.toString('latin1').replace('|1|P', '|2|P'), 'latin1'),
    )
  })

  test('set writes values, null and nothing, and adds what is missing on the way', () => {
    const message = parseMessage('MSH|^~\\&|LAB')
    message.set('MSH-9.2', 'A01')
    message.set('PID-3[2].4.2', '1.2.3')
    message.set('PID-5', null)
    message.set('NTE-3', 'a|b^c~d\\e&f\ng\rh')
    expect(message.toString()).toBe(
      'MSH|^~\\&|LAB||||||^A01\rPID|||~^^^&1.2.3||""\rNTE|||a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f\\.br\\g\\X0D\\h\r',
    )
    expect(message.get('NTE-3')).toBe('a|b^c~d\\e&f\ng\rh')
    message.set('PID-5', undefined)
    expect(message.get('PID-5')).toBeUndefined()
  })

  test('segments can be added after another and taken out; the rest keeps its place', () => {
    const message = parseMessage(Buffer.from(ORU))
    const [first] = message.segments('OBX')
    const note = message.addSegment('NTE', first)
    note.set('3', 'checked')
    message.removeSegment(message.segment('ZPA')!)
    expect(message.segments().map(({ name }) => name)).toEqual(['MSH', 'PID', 'OBX', 'NTE', 'OBX'])
    expect(message.segment('OBX', 2)!.index).toBe(4)
    const expected = ORU.replace('12-16\r', '12-16\rNTE|||checked\r').replace('ZPA|x||z\r', '')
    expect(encodeMessage(message).toString()).toBe(expected)
  })

  test('the delimiters, a second header and a place two ahead cannot be written', () => {
    const message = parseMessage('MSH|^~\\&|LAB')
    expect(() => message.set('MSH-2', 'x')).toThrow(Failure)
    expect(() => message.addSegment('MSH')).toThrow(Failure)
    expect(() => message.set('OBX[2]-1', 'x')).toThrow(Failure)
    expect(() => parseMessage('MSH|^|LAB').set('MSH-3', 'a|b')).toThrow(
      expect.objectContaining({ code: 'hl7-no-escape-character' }),
    )
  })
})

describe('strict reading', () => {
  const right = 'MSH|^~\\&|LAB|HOSP|||20260102||ORU^R01|C1|P|2.5\rPID|1\r'
  test.each([
    [right, undefined],
    [`\n${right}`, 'prefix'],
    [right.replaceAll('\r', '\n'), 'segment-end'],
    [right.replaceAll('\r', '\r\n'), 'segment-end'],
    [right.slice(0, -1), 'segment-end'],
    [right.replace('PID|1', 'PID|a\nb'), 'line-feed'],
    [right.replace('PID|1', ''), 'segment-name'],
    [right.replace('PID', 'Pid'), 'segment-name'],
    [right.replace('^~\\&', '^~\\'), 'MSH-2'],
    [right.replace('|C1', '|'), 'MSH-10'],
    [right.replace('|2.5', ''), 'MSH-12'],
  ])('%j', (text, reason) => {
    const read = () => parseMessage(Buffer.from(text), { strict: true })
    if (reason === undefined) expect(read().get('PID-1')).toBe('1')
    else
      expect(read).toThrow(
        expect.objectContaining({ code: 'hl7-not-strict', params: expect.objectContaining({ reason }) }),
      )
    expect(() => parseMessage(Buffer.from(text))).not.toThrow()
  })
})

describe('building', () => {
  const at = { type: 'ADT^A01^ADT_A01', controlId: 'C1', epochMs: Date.UTC(2026, 0, 2) }

  test('a header says who, what, when and in which characters; the rest is set', () => {
    const message = buildMessage({
      ...at,
      sendingApplication: 'A&B',
      receivingFacility: 'HOSP',
      charset: 'iso-8859-15',
    })
    message.set('PID-3[2].4.2', '1.2.3')
    message.set('PID-5', 'Élise €')
    message.segment('PID')!.setField(8, 'F')
    message.segment('PID')!.setField(11, '1 rue^^Paris~2 rue^^Lyon')
    expect(message.toString()).toBe(
      'MSH|^~\\&|A\\T\\B|||HOSP|20260102000000+0000||ADT^A01^ADT_A01|C1|P|2.5||||||8859/15\r' +
        'PID|||~^^^&1.2.3||Élise €|||F|||1 rue^^Paris~2 rue^^Lyon\r',
    )
    const read = parseMessage(encodeMessage(message))
    expect(read.get('PID-5')).toBe('Élise €')
    expect(read.get('PID-11[2].3')).toBe('Lyon')
  })

  test('with any delimiters, one left out, and the truncation character', () => {
    const delimiters = { ...parseMessage('MSH$@*!%#$').delimiters, repetition: undefined }
    const message = buildMessage({ ...at, version: '2.8', delimiters })
    message.set('PID-5', 'a#b$c@d')
    expect(message.toString()).toMatch(/^MSH\$@ !%#\$/)
    expect(parseMessage(message.toString()).get('PID-5')).toBe('a#b$c@d')
  })

  test('a value that its sender cut says so', () => {
    const message = parseMessage('MSH|^~\\&#|LAB|||||||1|P|2.7\rPID|||7||MARTIN#^ANNE\\P\\')
    const name = message.segment('PID')!.field(5).repetition(1)
    expect(name.component(1).isTruncated).toBe(true)
    expect(name.component(1).value).toBe('MARTIN#')
    expect(name.component(2).isTruncated).toBe(false)
    expect(name.component(2).value).toBe('ANNE#')
  })

  test('a whole field can be written, but nothing that ends it', () => {
    const message = parseMessage('MSH|^~\\&|LAB\rPID|1')
    const segment = message.segment('PID')!
    for (const [n, raw] of [
      [3, 'a|b'],
      [3, 'a\rb'],
      [0, 'x'],
      [1000, 'x'],
      [1.5, 'x'],
    ] as const) {
      expect(() => segment.setField(n, raw)).toThrow(expect.objectContaining({ code: 'hl7-path' }))
    }
    expect(() => message.segment('MSH')!.setField(2, 'x')).toThrow(Failure)
    expect(message.segment('PID')!.raw).toBe('PID|1')
  })

  test('whatever is built and set reads back, in every set that has the characters', () => {
    const path = fc
      .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .map(([field, repetition, component]) => `ZAA-${field}[${repetition}].${component}.2`)
    const value = fc.option(fc.string({ unit: fc.constantFrom(...'|^~\\&#"é\n\r\t\x0b\x1c A1') }), {
      nil: null,
    })
    const charset = fc.constantFrom('utf-8', 'iso-8859-1', 'utf-16be', 'windows-1252', 'iso-2022+iso-8859-1')
    fc.assert(
      fc.property(fc.dictionary(path, value, { maxKeys: 6 }), charset, (values, set) => {
        const message = buildMessage({ ...at, charset: set as Charset })
        for (const [place, text] of Object.entries(values)) message.set(place, text)
        const read = parseMessage(encodeMessage(message))
        expect(read.charset).toBe(set === 'windows-1252' ? 'windows-1252' : set)
        for (const [place, text] of Object.entries(values))
          expect(read.get(place)).toBe(text === '' ? undefined : text)
        expect(encodeMessage(read)).toEqual(encodeMessage(message))
      }),
      { numRuns: 200 },
    )
  })
})

/** The message, or undefined for a Failure; anything else that is thrown fails the test. */
function parsedOrRefused(raw: Buffer, charset: Charset | undefined): Hl7Message | undefined {
  try {
    return parseMessage(raw, { charset })
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

describe('for any input', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '|',
      '^',
      '~',
      '\\',
      '&',
      '\r',
      '\n',
      '\r\n',
      '""',
      '\\F\\',
      '\\X41\\',
      '\\.br\\',
      'PID|',
      'OBX|1|',
      '#',
    ),
    fc.constantFrom('\\M2442\\', '\\C2842\\', '\\X', '\\.sp9\\', '\0', '\x0b', '\x1c', 'é', '山'),
    fc.string({ maxLength: 6 }),
  )
  const anyMessage = fc
    .tuple(
      fc.constantFrom('MSH|^~\\&|', 'MSH|^~\\&#|A|B', 'MSH|', 'MSH$@*!%$', 'MSH|^|'),
      fc.array(piece, { maxLength: 60 }),
    )
    .map(([head, pieces]) => head + pieces.join(''))

  test('reading and writing gives the same bytes, and every value can be read', () => {
    fc.assert(
      fc.property(anyMessage, (text) => {
        const message = parsedOrRefused(Buffer.from(text), 'utf-8')
        if (message === undefined) return
        expect(encodeMessage(message)).toEqual(Buffer.from(text))
        expect(message.toString()).toBe(text.toWellFormed())
        for (const segment of message.segments()) {
          for (let n = 1; n <= segment.lastField; n++) {
            for (const repetition of segment.field(n).repetitions) {
              expect(repetition.text).not.toBe('')
              for (const component of repetition.components) expect(component.subcomponents).not.toContain('')
            }
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes are read or refused with a Failure', () => {
    const bytes = fc.tuple(fc.constantFrom('', 'MSH|^~\\&|', 'MSH'), fc.uint8Array({ maxLength: 80 }))
    fc.assert(
      fc.property(
        bytes,
        fc.constantFrom<Charset | undefined>(undefined, 'iso-8859-1', 'iso-2022', 'shift_jis', 'utf-16be'),
        ([head, tail], charset) => {
          const raw = Buffer.concat([Buffer.from(head), tail])
          const message = parsedOrRefused(raw, charset)
          expect(message === undefined ? raw : encodeMessage(message)).toEqual(raw)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a value that is set is the value that is read', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1 })
    const place = fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
    )
    fc.assert(
      fc.property(
        value,
        place,
        fc.constantFrom('MSH|^~\\&|', 'MSH|^~\\&#|', 'MSH$@*!%$'),
        (text, [f, r, c], head) => {
          const message = parseMessage(head)
          message.set(`ZZZ-${f}[${r}].${c}`, text)
          expect(message.get(`ZZZ-${f}[${r}].${c}`)).toBe(text)
          expect(parseMessage(encodeMessage(message)).get(`ZZZ-${f}[${r}].${c}`)).toBe(text)
        },
      ),
      { numRuns: 500 },
    )
  })

  test.each([
    ['lines', '\r'],
    ['lines', 'a\r'],
    ['lines', '\r\n'],
    ['fields', '|'],
    ['repetitions', '~'],
    ['components', '^'],
    ['start bytes', '\x0b'],
    ['escapes', '\\'],
    ['character sets', '\\M2442\\'],
  ])('four million bytes of %s (%j) are read or refused', (_name, unit) => {
    const raw = Buffer.concat([Buffer.from('MSH|^~\\&|LAB\rPID|1||'), Buffer.alloc(4_000_000, unit)])
    expect(readIntake(raw)).toMatchObject({ readable: true, header: { sendingApplication: 'LAB' } })
    const message = parsedOrRefused(raw, 'utf-8')
    expect(message?.get('PID-3.2')).not.toBe('')
    expect(message === undefined ? raw : encodeMessage(message)).toBe(raw)
  })

  test('more lines or repetitions than any message has are a Failure', () => {
    const head = 'MSH|^~\\&|LAB\rPID|1||'
    expect(() => parseMessage(head + 'a\r'.repeat(300_000))).toThrow(
      expect.objectContaining({ code: 'hl7-lines' }),
    )
    const field = parseMessage(head + '~'.repeat(200_000))
      .segment('PID')!
      .field(3)
    expect(() => field.repetitions).toThrow(expect.objectContaining({ code: 'hl7-parts' }))
    expect(field.repetition(2).isEmpty).toBe(true)
  })

  test('a value of a megabyte of escapes takes no more than linear time', () => {
    const text = `MSH|^~\\&|\rNTE|||${'\\T\\'.repeat(300_000)}${'\\M2442\\x'.repeat(20_000)}`
    expect(parseMessage(text).get('NTE-3')).toHaveLength(300_000 * 1 + '\\M2442\\x'.length * 20_000)
  })
})
