/**
 * PDUs over a socket, for both sides of an association. Reading is pulled: while nobody asks for the next PDU the
 * socket is not read, so a slow disk slows the sender down instead of filling memory. PS3.8 §9.3.1
 */
import type { Socket } from 'node:net'

import { AbortReason, decodePdu, encodePdu, makePduFramer, type Pdu, PduType } from '../../dicom/index.ts'
import { Failure } from '../../kernel/failure.ts'

export interface Link {
  /**
   * The next PDU; undefined: the peer has closed.
   * @param timeoutMs how long the line may be silent; 0: for ever
   * @throws Failure `timeout`/`association-silent`, and what framer and decoder throw
   */
  next(timeoutMs: number): Promise<Pdu | undefined>
  /** Longest P-DATA-TF that may come; undefined: none before the association stands. */
  expectData(maxLength: number): void
  /** Writes in one go; resolves when the socket takes more. */
  readonly send: (bytes: Buffer) => Promise<void>
  /** Says why (PS3.8 §9.3.8) and hangs up. */
  abort(source: number, reason: number): void
  /** Hangs up after what was sent. */
  close(): void
  /** Bytes of a PDU that has begun. */
  pending(): number
}

/** 128 presentation contexts with 40 transfer syntaxes each are some 350 KB. */
const MAX_ASSOCIATE_LENGTH = 512 * 1024
/** Release and abort have four bytes. */
const MAX_SMALL_LENGTH = 64

export function openLink(socket: Socket): Link {
  // Else each response waits for the acknowledgement of the one before: 40 ms an image.
  socket.setNoDelay(true)
  let maxDataLength: number | undefined
  let timedOut = false
  const framer = makePduFramer((type) => limitOf(type, maxDataLength))
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
  socket.on('timeout', () => {
    timedOut = true
    abort(2, AbortReason.notSpecified)
  })
  // What breaks shows at the next read or write; without a listener it would end the process.
  socket.on('error', () => {})

  function abort(source: number, reason: number): void {
    if (socket.writable) socket.write(encodePdu({ type: 'abort', source, reason }))
    socket.destroySoon()
  }

  async function read(timeoutMs: number): Promise<Buffer | undefined> {
    socket.setTimeout(timeoutMs)
    try {
      const chunk = await chunks.next()
      return chunk.done === true ? undefined : chunk.value
    } catch (error) {
      if (timedOut) throw new Failure('timeout', 'association-silent')
      throw new Failure('unavailable', 'connection-lost', {}, { cause: error })
    } finally {
      socket.setTimeout(0)
    }
  }

  return {
    async next(timeoutMs) {
      for (;;) {
        const bytes = framer.next()
        if (bytes !== undefined) return decodePdu(bytes)
        const chunk = await read(timeoutMs)
        if (timedOut) throw new Failure('timeout', 'association-silent')
        if (chunk === undefined) return undefined
        framer.push(chunk)
      }
    },
    expectData(maxLength) {
      maxDataLength = maxLength
    },
    async send(bytes) {
      if (!socket.writable) throw new Failure('unavailable', 'connection-lost')
      if (!socket.write(bytes)) await drained(socket)
    },
    abort,
    close: () => socket.destroySoon(),
    pending: () => framer.pending(),
  }
}

function limitOf(type: number, maxDataLength: number | undefined): number | undefined {
  switch (type) {
    case PduType['associate-rq']:
    case PduType['associate-ac']:
      return MAX_ASSOCIATE_LENGTH
    case PduType['p-data-tf']:
      return maxDataLength ?? 0
    case PduType['associate-rj']:
    case PduType['release-rq']:
    case PduType['release-rp']:
    case PduType.abort:
      return MAX_SMALL_LENGTH
    default:
      return undefined
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', broken)
      resolve()
    }
    const broken = () => {
      socket.off('drain', done)
      reject(new Failure('unavailable', 'connection-lost'))
    }
    socket.once('drain', done)
    socket.once('close', broken)
  })
}
