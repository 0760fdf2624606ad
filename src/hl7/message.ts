/**
 * An HL7 v2 message: read lazily, changed in place, written back byte for byte where it was not changed.
 * HL7 v2.5 chapter 2, §2.5. Any segment in any order is taken as it comes; what belongs where is the mapping's matter.
 */
import { Failure } from '../kernel/failure.ts'
import { decodeText, encodeText, resolveCharset, sniffUtf16, type Charset } from './charset/index.ts'
import { declaredCharsets } from './declared-charset.ts'
import { readDelimiters, type Delimiters } from './delimiters.ts'
import type { Syntax } from './escape.ts'
import type { Value } from './field.ts'
import { linesOf } from './lines.ts'
import { parsePath } from './path.ts'
import { Hl7Segment, type SegmentPlace } from './segment.ts'
import { requireStrict } from './strict.ts'

export interface ParseOptions {
  /** The channel's override: whatever MSH-18 says. */
  readonly charset?: Charset | undefined
  /** For a message without MSH-18. Default `utf-8`. */
  readonly defaultCharset?: Charset | undefined
  /** True: what the standard does not allow is refused, see requireStrict. Default: what can be understood is read. */
  readonly strict?: boolean | undefined
}

interface Entry {
  readonly segment: Hl7Segment
  readonly place: SegmentPlace
  /** What ends it in the message. */
  end: string
  /** Its place among the lines that were sent; undefined for one that was added. */
  readonly line: number | undefined
}

/** What came over the wire, kept to write unchanged segments back. */
interface Origin {
  readonly bytes: Buffer
  readonly lines: number
}

export class Hl7Message {
  readonly delimiters: Delimiters
  readonly charset: Charset
  readonly #prefix: string
  readonly #entries: Entry[]
  readonly #origin: Origin | undefined
  #byName: Map<string, Hl7Segment[]> | undefined
  #reshaped = false

  constructor(prefix: string, body: string, syntax: Syntax, bytes?: Buffer) {
    this.delimiters = syntax.delimiters
    this.charset = syntax.charset
    this.#prefix = prefix
    const lines = linesOf(body, syntax.delimiters.field)
    this.#origin = bytes === undefined ? undefined : { bytes, lines: lines.length }
    this.#entries = lines.map(({ text, end }, line) => makeEntry(text, end, syntax, line))
    this.#number()
  }

  /** The segments in order, all or those of one name. Blank lines are kept in the message but not shown. */
  segments(name?: string): readonly Hl7Segment[] {
    if (name !== undefined) return this.#names().get(name) ?? []
    return this.#entries.map(({ segment }) => segment).filter(isVisible)
  }

  /** The n-th segment of a name, from 1. */
  segment(name: string, n = 1): Hl7Segment | undefined {
    return this.#names().get(name)?.[n - 1]
  }

  /** The value at a path: `PID-3[1].4.2`, `OBX[2]-5`. Null for `""`, undefined for nothing there. */
  get(path: string): Value {
    const at = parsePath(path)
    return this.segment(at.segment, at.occurrence)?.get(at)
  }

  /** Writes a value at a path, as Hl7Segment.set. The next segment of its name is added at the end when it isn't there. */
  set(path: string, value: Value): void {
    const at = parsePath(path)
    const there = this.#names().get(at.segment)?.length ?? 0
    if (at.occurrence > there + 1) throw new Failure('invalid', 'hl7-path', { segment: at.segment, there })
    const segment = this.segment(at.segment, at.occurrence) ?? this.addSegment(at.segment)
    segment.set(at, value)
  }

  /** Adds an empty segment at the end, or after another one. */
  addSegment(name: string, after?: Hl7Segment): Hl7Segment {
    if (!/^[A-Z][A-Z0-9]{2}$/.test(name) || name === 'MSH') throw new Failure('invalid', 'hl7-segment-name')
    const syntax = { delimiters: this.delimiters, charset: this.charset }
    const found = after === undefined ? -1 : this.#entries.findIndex((entry) => entry.segment === after)
    const at = found === -1 ? this.#entries.length : found + 1
    const before = this.#entries[at - 1]!
    const usual = this.#entries[0]!.end || '\r'
    if (before.end === '') before.end = usual
    const entry = makeEntry(name, usual, syntax)
    this.#entries.splice(at, 0, entry)
    this.#reshape()
    return entry.segment
  }

  /** Takes a segment out. The header stays. */
  removeSegment(segment: Hl7Segment): void {
    const at = this.#entries.findIndex((entry) => entry.segment === segment)
    if (at < 1) return
    this.#entries.splice(at, 1)
    this.#reshape()
  }

  /** The whole message as text. */
  toString(): string {
    return this.#prefix + this.#entries.map(({ segment, end }) => segment.raw + end).join('')
  }

  /** The whole message in bytes: what was sent, but for the segments that were changed. */
  encode(charset: Charset = this.charset): Buffer {
    const origin = charset === this.charset ? this.#origin : undefined
    if (origin === undefined) return encodeText(this.toString(), charset)
    if (!this.#reshaped && !this.#entries.some(({ segment }) => segment.touched)) return origin.bytes
    const sent = sentLines(origin, this.delimiters.field)
    if (sent === undefined) return encodeText(this.toString(), charset)
    return Buffer.concat([
      sent.prefix,
      ...this.#entries.flatMap(({ segment, end, line }) => {
        const kept = segment.touched || line === undefined ? undefined : sent.lines[line]
        return [kept ?? encodeText(segment.raw, charset), Buffer.from(end, 'latin1')]
      }),
    ])
  }

  #names(): Map<string, Hl7Segment[]> {
    if (this.#byName !== undefined) return this.#byName
    const names = new Map<string, Hl7Segment[]>()
    for (const { segment } of this.#entries) {
      const same = names.get(segment.name)
      if (same === undefined) names.set(segment.name, [segment])
      else same.push(segment)
    }
    return (this.#byName = names)
  }

  #reshape(): void {
    this.#reshaped = true
    this.#number()
  }

  #number(): void {
    this.#byName = undefined
    const counts = new Map<string, number>()
    for (const [index, { segment, place }] of this.#entries.entries()) {
      const sequence = (counts.get(segment.name) ?? 0) + 1
      counts.set(segment.name, sequence)
      place.index = index
      place.sequence = sequence
    }
  }
}

function makeEntry(text: string, end: string, syntax: Syntax, line?: number): Entry {
  const place = { index: line ?? 0, sequence: 1 }
  return { segment: new Hl7Segment(text, syntax, place), place, end, line }
}

function isVisible({ raw }: Hl7Segment): boolean {
  return raw > '!' || !/^[\0- \u007f]*$/.test(raw)
}

/** The lines as bytes. CR and LF are no part of another character in any set but UTF-16, so bytes can be cut there. */
function sentLines(
  { bytes, lines }: Origin,
  separator: string,
): { prefix: Buffer; lines: Buffer[] } | undefined {
  const text = bytes.toString('latin1')
  const start = text.indexOf('MSH')
  const cut = start === -1 ? [] : linesOf(text.slice(start), separator)
  if (cut.length !== lines) return undefined
  return { prefix: bytes.subarray(0, start), lines: cut.map((line) => Buffer.from(line.text, 'latin1')) }
}

/** Byte order mark, framing characters, line ends and blanks are tolerated before MSH and kept. */
const PREFIX = /^[\ufeff\0-\u0020]*/

/**
 * Reads a message, from bytes in the character set that the channel or MSH-18 says (see resolveCharset), or from text.
 * @throws Failure `invalid`/`hl7-no-header`, `hl7-field-separator`, `hl7-encoding-characters`, `hl7-charset`, `hl7-charset-unknown`,
 * `hl7-not-strict`
 */
export function parseMessage(input: string | Buffer, options: ParseOptions = {}): Hl7Message {
  const { strict } = options
  if (typeof input === 'string')
    return parseText(input, (names) => charsetForText(names, options), { strict })
  const charset = charsetOf(input, options)
  return parseText(decodeText(input, charset), () => charset, { bytes: input, strict })
}

function parseText(
  text: string,
  charset: (names: readonly string[]) => Charset,
  { bytes, strict = false }: { readonly bytes?: Buffer; readonly strict?: boolean | undefined },
): Hl7Message {
  const start = PREFIX.exec(text)![0].length
  const delimiters = headerDelimiters(text, start)
  if (strict) requireStrict(text, delimiters)
  const body = start === 0 ? text : text.slice(start)
  const syntax = {
    delimiters,
    charset: charset(bytes === undefined ? declaredCharsets(headerOf(body), delimiters) : []),
  }
  return new Hl7Message(text.slice(0, start), body, syntax, bytes)
}

function headerDelimiters(text: string, start: number): Delimiters {
  const delimiters = text.startsWith('MSH', start) ? readDelimiters(text, start) : 'no-header'
  if (typeof delimiters === 'string') throw new Failure('invalid', `hl7-${delimiters}`)
  return delimiters
}

/** A text is decoded already; its set matters for \X…\ bytes and for writing, where an unknown name may stand for UTF-8. */
function charsetForText(names: readonly string[], { charset, defaultCharset }: ParseOptions): Charset {
  try {
    return resolveCharset(names, { override: charset, fallback: defaultCharset })
  } catch {
    return 'utf-8'
  }
}

/** The character set of raw bytes, read from MSH-18 without decoding the rest. */
function charsetOf(bytes: Buffer, { charset, defaultCharset }: ParseOptions = {}): Charset {
  if (charset !== undefined) return charset
  const sniffed = sniffUtf16(bytes)
  if (sniffed !== undefined) return sniffed
  const head = bytes.toString('latin1', 0, 4096)
  const start = head.indexOf('MSH')
  const delimiters = start === -1 ? 'no-header' : readDelimiters(head, start)
  if (typeof delimiters === 'string') throw new Failure('invalid', `hl7-${delimiters}`)
  return resolveCharset(declaredCharsets(headerOf(head.slice(start)), delimiters), {
    fallback: defaultCharset,
  })
}

/** The text up to the first line end. */
function headerOf(message: string): string {
  const end = message.search(/[\r\n]/)
  return end === -1 ? message : message.slice(0, end)
}

/** The whole message in bytes (see Hl7Message.encode). */
export function encodeMessage(message: Hl7Message, charset?: Charset): Buffer {
  return message.encode(charset)
}
