/**
 * MLLP framing, release 1: VT, the message, FS, CR. HL7 v2.5 transport specification "Minimal Lower Layer Protocol".
 * The decoder takes bytes as they come: it looks at each byte once, copies it once, and never holds more than the limit.
 */

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
  /** A frame that was begun and never ended: the sender began anew, or the stream ended. */
  | { readonly kind: 'half-frame'; readonly bytes: number }
  /** A frame over the limit; `head` is its beginning, enough to answer it. The rest of it is skipped. */
  | { readonly kind: 'oversize'; readonly head: Buffer }

export interface FrameDecoder {
  /** What these bytes complete, in order. */
  push(chunk: Buffer): FrameEvent[]
  /** What the end of the stream leaves. */
  end(): FrameEvent[]
  /** Bytes held for a frame that is not complete. */
  readonly heldBytes: number
}

/** Of an oversize frame, for its header. */
const HEAD_BYTES = 4096

type State = 'outside' | 'inside' | 'skipping'

export function makeFrameDecoder({
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES,
  requireFinalCr = false,
}: FrameOptions = {}): FrameDecoder {
  let state: State = 'outside'
  const held = makeAccumulator(maxFrameBytes)
  // Strict form only: the last byte was an FS that may yet end the frame.
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
    const bytes = countJunk(chunk, from, until)
    if (bytes > 0) events.push({ kind: 'junk', bytes })
    if (found !== -1) state = 'inside'
    return until + 1
  }

  function findEnd(chunk: Buffer, from: number, events: FrameEvent[]): number {
    if (pendingFs) {
      pendingFs = false
      if (chunk[from] === CR) {
        complete(events)
        return from + 1
      }
      hold(FS_BYTE, events)
    }
    const found = chunk.indexOf(FS, from)
    hold(chunk.subarray(from, found === -1 ? chunk.length : found), events)
    if (found === -1) return chunk.length
    if (requireFinalCr) pendingFs = true
    else complete(events)
    return found + 1
  }

  function hold(bytes: Buffer, events: FrameEvent[]): void {
    if (state === 'skipping' || held.append(bytes)) return
    state = 'skipping'
    events.push({ kind: 'oversize', head: held.takeHead(bytes, Math.min(HEAD_BYTES, maxFrameBytes)) })
  }

  function complete(events: FrameEvent[]): void {
    if (state === 'inside') events.push(...frameAndAbandoned(held.take()))
    state = 'outside'
  }

  function end(): FrameEvent[] {
    const bytes = held.length + (pendingFs ? 1 : 0)
    const begun = state === 'inside'
    held.take()
    pendingFs = false
    state = 'outside'
    return begun ? [{ kind: 'half-frame', bytes }] : []
  }

  return {
    push,
    end,
    get heldBytes() {
      return held.length
    },
  }
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
  const start = Math.max(...NEW_STARTS.map((pattern) => bytes.lastIndexOf(pattern, undefined, 'latin1')))
  const frameEvent: FrameEvent = { kind: 'frame', body: start === -1 ? bytes : bytes.subarray(start + 1) }
  // At the very beginning it is only a doubled start byte.
  return start > 0 ? [{ kind: 'half-frame', bytes: start }, frameEvent] : [frameEvent]
}

/** Grows by doubling, so that many small pieces cost linear time and at most twice the memory. */
function makeAccumulator(maxBytes: number) {
  let buffer = Buffer.alloc(0)
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
      buffer = Buffer.alloc(0)
      length = 0
      return taken
    },
    takeHead(more: Buffer, bytes: number): Buffer {
      return Buffer.concat([this.take().subarray(0, bytes), more.subarray(0, bytes)]).subarray(0, bytes)
    },
  }
}
