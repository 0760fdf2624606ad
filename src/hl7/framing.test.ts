import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeText, frame, makeFrameDecoder, type FrameEvent, type FrameOptions } from './index.ts'

function decode(chunks: readonly (string | Buffer)[], options?: FrameOptions): FrameEvent[] {
  const decoder = makeFrameDecoder(options)
  const events = chunks.flatMap((chunk) =>
    decoder.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk),
  )
  return [...events, ...decoder.end()]
}

const bodies = (events: readonly FrameEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'frame' ? event.body.toString('latin1') : []))

function total(events: readonly FrameEvent[], kind: 'junk' | 'half-frame'): number {
  return events.reduce((sum, event) => (event.kind === kind ? sum + event.bytes : sum), 0)
}

const HALF = (head: string) => ({ kind: 'half-frame', bytes: head.length, head: Buffer.from(head) })

const kept = (events: readonly FrameEvent[]): FrameEvent[] => events.filter(({ kind }) => kind !== 'junk')

describe('frames', () => {
  test('many in one chunk, one over many chunks', () => {
    expect(bodies(decode(['\x0bA\x1c\r\x0bB\x1c\r\x0bC\x1c\r']))).toEqual(['A', 'B', 'C'])
    expect(bodies(decode(['\x0b', 'MS', 'H|', '\x1c', '\r']))).toEqual(['MSH|'])
    expect(bodies(decode(['\x0b\x1c\r']))).toEqual([''])
  })

  test('junk between frames is counted, line ends are not junk', () => {
    const events = decode(['\0\0xy\x0bA\x1c\r\r\n\n\x0bB\x1c\rz'])
    expect(bodies(events)).toEqual(['A', 'B'])
    expect(total(events, 'junk')).toBe(5)
  })

  test('a missing final CR is tolerated, or not', () => {
    expect(bodies(decode(['\x0bA\x1c', '\x0bB\x1c']))).toEqual(['A', 'B'])
    const strict = decode(['\x0bA\x1cB\x1c', '\r\x0bC\x1c'], { requireFinalCr: true })
    expect(bodies(strict)).toEqual(['A\x1cB'])
    expect(total(strict, 'half-frame')).toBe(2)
  })

  test('a sender that begins anew inside a frame leaves half a frame; a pasted VT is text', () => {
    const events = decode(['\x0bMSH|one\r\x0bMSH|two\r\x1c\r'])
    expect(bodies(events)).toEqual(['MSH|two\r'])
    expect(total(events, 'half-frame')).toBe(8)
    expect(bodies(decode(['\x0bMSH|one\x0btwo\r\x1c\r']))).toEqual(['MSH|one\x0btwo\r'])
    expect(bodies(decode(['\x0b\x0bMSH|one\x1c\r']))).toEqual(['MSH|one'])
  })

  test('a stream that ends inside a frame leaves half a frame', () => {
    expect(decode(['\x0bMSH|'])).toEqual([HALF('MSH|')])
    expect(decode(['\x0b'])).toEqual([HALF('')])
    expect(decode([])).toEqual([])
  })

  test('a frame over the limit gives its head, is skipped with bounded memory, and the next one is read', () => {
    const decoder = makeFrameDecoder({ maxFrameBytes: 1000 })
    const events = decoder.push(Buffer.from('\x0bMSH|'))
    for (let i = 0; i < 100; i++) {
      events.push(...decoder.push(Buffer.alloc(100, 'x')))
      expect(decoder.heldBytes).toBeLessThanOrEqual(1000)
    }
    events.push(...decoder.push(Buffer.from('\x1c\r\x0bnext\x1c\r')))
    expect(events.map(({ kind }) => kind)).toEqual(['oversize', 'frame'])
    const [oversize] = events
    expect(oversize).toEqual({
      kind: 'oversize',
      bytes: 10_004,
      head: Buffer.from(`MSH|${'x'.repeat(996)}`),
      ended: true,
    })
    expect(bodies(events)).toEqual(['next'])
  })

  test('a frame over the limit that never ends is told at the end of the stream', () => {
    const events = decode(['\x0bMSH|', 'x'.repeat(2000), 'y'.repeat(500)], { maxFrameBytes: 1000 })
    expect(events).toMatchObject([{ kind: 'oversize', bytes: 2504, ended: false }])
  })

  test('200 MB in one frame are counted and not held', () => {
    const decoder = makeFrameDecoder()
    decoder.push(Buffer.from('\x0bMSH|^~\\&|LAB\rOBX|1|ED|||'))
    const before = process.memoryUsage().arrayBuffers
    const piece = Buffer.alloc(65_536, 'x')
    let most = 0
    for (let i = 0; i < 3200; i++) {
      decoder.push(piece)
      most = Math.max(most, decoder.heldBytes)
    }
    expect(most).toBeLessThanOrEqual(16 * 1024 * 1024)
    expect(decoder.heldBytes).toBe(0)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
    expect(decoder.push(Buffer.from('\x1c\r'))).toMatchObject([
      { kind: 'oversize', bytes: 3200 * 65_536 + 24, ended: true },
    ])
  })

  test('a body of exactly the limit is taken', () => {
    const body = 'x'.repeat(1000)
    expect(bodies(decode([`\x0b${body}\x1c\r`], { maxFrameBytes: 1000 }))).toEqual([body])
    expect(bodies(decode([`\x0b${body}y\x1c\r`], { maxFrameBytes: 1000 }))).toEqual([])
  })
})

describe('UTF-16', () => {
  // VT, FS, CR and FS CR inside characters: U+0B0D, U+1C0B, U+4E1C (east), U+0D1C (a letter of Malayalam), U+0D0D.
  const strange = '\u0b0d\u1c0b\u4e1c\u0d1c\u0d0d\u1c1c'
  const text = `MSH|^~\\&|LAB\rPID|1||7||${strange}^X\rNTE|1||\u0d1c\r`

  test.each(['utf-16be', 'utf-16le'] as const)(
    '%s is cut between characters only, however it arrives',
    (set) => {
      const body = encodeText(text, set)
      const marked = encodeText(`\ufeff${text}`, set)
      const stream = Buffer.concat([
        frame(body),
        frame(Buffer.from('MSH|narrow')),
        frame(marked),
        frame(body),
      ])
      const expected = [body, Buffer.from('MSH|narrow'), marked, body]
      for (const size of [1, 2, 3, 7, stream.length]) {
        const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
          stream.subarray(i * size, (i + 1) * size),
        )
        expect(decode(chunks)).toEqual(expected.map((one) => ({ kind: 'frame', body: one })))
      }
    },
  )

  test('big-endian ends also without the last segment end', () => {
    const body = encodeText(text.slice(0, -1), 'utf-16be')
    expect(decode([frame(body)])).toEqual([{ kind: 'frame', body }])
  })

  test('any text of segments survives', () => {
    const unit = fc.constantFrom(
      'A',
      '|',
      '\r',
      '\u0b0b',
      '\u1c1c',
      '\u0d1c',
      '\u1c00',
      '\u001d',
      '\u0d0d',
      '東',
    )
    fc.assert(
      fc.property(fc.string({ unit }), fc.constantFrom('utf-16be', 'utf-16le'), (rest, set) => {
        // A letter that looks like the end never follows the end of a segment: there a name stands.
        const body = encodeText(`MSH|${rest.replaceAll('\r\u0d1c', '')}\r`, set as 'utf-16be')
        expect(decode([Buffer.concat([frame(body), frame(body)])])).toEqual([
          { kind: 'frame', body },
          { kind: 'frame', body },
        ])
      }),
    )
  })
})

describe('for any stream', () => {
  const body = fc.stringMatching(/^[A-Za-z|^~\\&\r\n]{0,30}$/)
  const junk = fc.constantFrom('', '', '\r', '\r\n', '\0', 'x')
  const stream = fc
    .array(fc.tuple(junk, body, fc.constantFrom('\x1c\r', '\x1c\r', '\x1c')), { maxLength: 12 })
    .map((all) => ({
      text: all.map(([j, b, e]) => `${j}\x0b${b}${e}`).join(''),
      bodies: all.map(([, b]) => b),
    }))

  test('any split gives the same frames and the same counts', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (sent, cuts) => {
        const bytes = Buffer.from(sent.text, 'latin1')
        const places = [
          0,
          ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
          bytes.length,
        ]
        const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place))
        const whole = decode([bytes])
        const split = decode(chunks)
        expect(bodies(whole)).toEqual(sent.bodies)
        expect(bodies(split)).toEqual(sent.bodies)
        expect(total(split, 'junk')).toBe(total(whole, 'junk'))
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes, split anywhere, strict or not, give the same events', () => {
    const byte = fc.constantFrom(0x0b, 0x1c, 0x0d, 0x0a, 0x4d, 0x53, 0x48, 0)
    const options = fc.record({ requireFinalCr: fc.boolean(), maxFrameBytes: fc.constantFrom(4, 20, 1000) })
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), options, (all, framing) => {
        const bytes = Buffer.from(all)
        const whole = decode([bytes], framing)
        const single = decode(
          all.map((one) => Buffer.from([one])),
          framing,
        )
        expect(kept(single)).toEqual(kept(whole))
        expect(total(single, 'junk')).toBe(total(whole, 'junk'))
      }),
      { numRuns: 1000 },
    )
  })

  test('what is framed is what is decoded', () => {
    fc.assert(
      fc.property(fc.array(body), (all) => {
        expect(bodies(decode([Buffer.concat(all.map((one) => frame(Buffer.from(one))))]))).toEqual(all)
      }),
    )
  })
})
