/**
 * MLLP framing, release 1: VT, the message, FS, CR. HL7 v2.5 transport specification "Minimal Lower Layer Protocol".
 * The decoder takes bytes as they come: it looks at each byte once, copies it once at most, and never holds more than the
 * limit.
 *
 * In UTF-16 the bytes VT, FS and CR occur inside characters. There only FS CR ends a frame, and only between two
 * characters; little-endian (where the pair is a Malayalam letter) only behind the end of a segment.
 */
import { sniffUtf16 } from './charset/index.ts'

const VT = 0x0b
const FS = 0x1c
const CR = 0x0d

export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024

export interface FrameOptions {
  /** The longest body that is taken. Default 16 MiB. */
  readonly maxFrameBytes?: number | undefined
  /**
   * True: only FS CR ends a frame. Default false: FS does, so that a sender which forgets the CR gets its answer.
   * HL7 text contains no FS of its own in either case.
   */
  readonly requireFinalCr?: boolean | undefined
}

export type FrameEvent =
  | { readonly kind: 'frame'; readonly body: Buffer }
  /** Bytes outside any frame, other than line ends. */
  | { readonly kind: 'junk'; readonly bytes: number }
  /** A frame that was begun and never ended: the sender began anew, or the stream ended. `head` is its beginning. */
  | { readonly kind: 'half-frame'; readonly bytes: number; readonly head: Buffer }
  /**
   * A frame over the limit, told when it is over; `head` is its beginning, enough to answer it. The rest was skipped and
   * counted. `ended` is false when no end came, or none within the bytes that are skipped.
   */
  | { readonly kind: 'oversize'; readonly bytes: number; readonly head: Buffer; readonly ended: boolean }

export interface FrameDecoder {
  /** What these bytes complete, in order. */
  push(chunk: Buffer): FrameEvent[]
  /** What the end of the stream leaves. */
  end(): FrameEvent[]
  /** Bytes held for a frame that is not complete. */
  readonly heldBytes: number
}

/** Of a frame that is not taken, for its header. */
const HEAD_BYTES = 4096
/** Of an oversize frame: a sender that writes all of it before it reads must live to see the answer. */
const MAX_SKIPPED_BYTES = 2 ** 30

type State = 'outside' | 'inside' | 'skipping'

export function makeFrameDecoder({
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES,
  requireFinalCr = false,
}: FrameOptions = {}): FrameDecoder {
  let state: State = 'outside'
  const held = makeAccumulator(maxFrameBytes)
  // Of the frame so far, skipped bytes too.
  let bytes = 0
  let head: Buffer = NOTHING
  let wide: 'utf-16be' | 'utf-16le' | undefined
  // The last two bytes in UTF-16: whether a segment ended there.
  let tail: Buffer = NOTHING
  // The last byte was an FS that may yet end the frame.
  let pendingFs = false

  function push(chunk: Buffer): FrameEvent[] {
    const events: FrameEvent[] = []
    let at = 0
    while (at < chunk.length)
      at = state === 'outside' ? findStart(chunk, at, events) : findEnd(chunk, at, events)
    return events
  }

  function findStart(chunk: Buffer, from: number, events: FrameEvent[]): number {
    const found = chunk.indexOf(VT, from)
    const until = found === -1 ? chunk.length : found
    const junk = countJunk(chunk, from, until)
    if (junk > 0) events.push({ kind: 'junk', bytes: junk })
    if (found !== -1) {
      state = 'inside'
      wide = undefined
    }
    return until + 1
  }

  /** Takes bytes up to the next FS, or to the end of the chunk. */
  function findEnd(chunk: Buffer, from: number, events: FrameEvent[]): number {
    if (pendingFs) {
      pendingFs = false
      if (chunk[from] === CR && mayEnd()) {
        complete(events)
        return from + 1
      }
      hold(FS_BYTE, events)
      return from
    }
    // Two bytes tell UTF-16. Where they don't come together there is one at a time.
    const begins = bytes === 0 && chunk.length - from > 1
    if (begins) wide = sniffUtf16(chunk.subarray(from, from + 2))
    const limit = begins || bytes > 1 ? chunk.length : from + 1
    const found = chunk.subarray(from, limit).indexOf(FS)
    if (begins && found !== -1 && found <= maxFrameBytes && wide === undefined && !requireFinalCr) {
      // All of it came at once, as a rule: nothing is copied.
      events.push(...frameAndAbandoned(chunk.subarray(from, from + found)))
      reset()
      return from + found + 1
    }
    hold(chunk.subarray(from, found === -1 ? limit : from + found), events)
    if (found === -1) return limit
    if (requireFinalCr || wide !== undefined) pendingFs = true
    else complete(events)
    return from + found + 1
  }

  /** Whether FS CR at this place is the end and no character. */
  function mayEnd(): boolean {
    if (wide === undefined) return true
    if (bytes % 2 === 1) return false
    return wide === 'utf-16be' || bytes === 0 || tail.equals(CR_LE) || tail.equals(LF_LE)
  }

  function hold(more: Buffer, events: FrameEvent[]): void {
    bytes += more.length
    if (wide !== undefined) tail = Buffer.concat([tail, more.subarray(-2)]).subarray(-2)
    if (state === 'skipping') {
      if (bytes > MAX_SKIPPED_BYTES) giveUp(events)
    } else if (!held.append(more)) {
      state = 'skipping'
      head = held.takeHead(more, Math.min(HEAD_BYTES, maxFrameBytes))
    } else if (bytes === 2) {
      wide = sniffUtf16(held.peek())
    }
  }

  function giveUp(events: FrameEvent[]): void {
    events.push({ kind: 'oversize', bytes, head, ended: false })
    reset()
  }

  function complete(events: FrameEvent[]): void {
    if (state === 'skipping') events.push({ kind: 'oversize', bytes, head, ended: true })
    else if (wide !== undefined) events.push({ kind: 'frame', body: held.take() })
    else events.push(...frameAndAbandoned(held.take()))
    reset()
  }

  function reset(): void {
    held.take()
    state = 'outside'
    pendingFs = false
    bytes = 0
    head = NOTHING
    tail = NOTHING
  }

  function end(): FrameEvent[] {
    const events: FrameEvent[] = []
    if (pendingFs) hold(FS_BYTE, events)
    if (state === 'skipping') events.push({ kind: 'oversize', bytes, head, ended: false })
    if (state === 'inside') events.push({ kind: 'half-frame', bytes, head: headOf(held.take()) })
    reset()
    return events
  }

  return {
    push,
    end,
    get heldBytes() {
      return held.length
    },
  }
}

const NOTHING = Buffer.alloc(0)
const CR_LE = Buffer.from([CR, 0])
const LF_LE = Buffer.from([0x0a, 0])

/** A copy, so that the rest can go. */
function headOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, HEAD_BYTES))
}

const FS_BYTE = Buffer.from([FS])

/** One buffer for sending: header, body and trailer leave in a single write. */
export function frame(body: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(body.length + 3)
  framed[0] = VT
  body.copy(framed, 1)
  framed[body.length + 1] = FS
  framed[body.length + 2] = CR
  return framed
}

function countJunk(chunk: Buffer, from: number, end: number): number {
  let bytes = 0
  for (let at = from; at < end; at++) if (chunk[at] !== CR && chunk[at] !== 0x0a) bytes++
  return bytes
}

const NEW_STARTS = ['\x0bMSH', '\x0bFHS', '\x0bBHS']

/**
 * A start byte inside a frame means that the sender began anew, when a header follows it; a VT alone is a line break
 * pasted out of a word processor and part of the text.
 */
function frameAndAbandoned(bytes: Buffer): FrameEvent[] {
  if (!bytes.includes(VT)) return [{ kind: 'frame', body: bytes }]
  const start = Math.max(...NEW_STARTS.map((pattern) => bytes.lastIndexOf(pattern, undefined, 'latin1')))
  const frameEvent: FrameEvent = { kind: 'frame', body: start === -1 ? bytes : bytes.subarray(start + 1) }
  // At the very beginning it is only a doubled start byte.
  if (start <= 0) return [frameEvent]
  return [{ kind: 'half-frame', bytes: start, head: headOf(bytes.subarray(0, start)) }, frameEvent]
}

/** Grows by doubling, so that many small pieces cost linear time and at most twice the memory. */
function makeAccumulator(maxBytes: number) {
  let buffer: Buffer = NOTHING
  let length = 0

  return {
    get length() {
      return length
    },
    /** False, and nothing taken, when it would be over the limit. */
    append(bytes: Buffer): boolean {
      const wanted = length + bytes.length
      if (wanted > maxBytes) return false
      if (wanted > buffer.length) {
        const grown = Buffer.allocUnsafeSlow(
          length === 0 ? wanted : Math.min(maxBytes, Math.max(wanted, buffer.length * 2)),
        )
        buffer.copy(grown, 0, 0, length)
        buffer = grown
      }
      bytes.copy(buffer, length)
      length = wanted
      return true
    },
    take(): Buffer {
      const taken = buffer.subarray(0, length)
      buffer = NOTHING
      length = 0
      return taken
    },
    /** What is held so far, not to be kept. */
    peek: (): Buffer => buffer.subarray(0, length),
    takeHead(more: Buffer, bytes: number): Buffer {
      return Buffer.from(
        Buffer.concat([this.take().subarray(0, bytes), more.subarray(0, bytes)]).subarray(0, bytes),
      )
    },
  }
}
