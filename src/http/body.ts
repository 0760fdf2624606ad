/**
 * Request bodies as text: counted while they arrive (413), bounded in sum over all requests (503), inflated when
 * gzipped (RFC 9110 §8.4.1), strictly UTF-8. Nothing is parsed here: the text's decimals matter.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { Failure } from '../kernel/failure.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
}

export interface BodyReader {
  /**
   * The bytes as they come in, whatever their number. Given up early, the rest stays on its way.
   * @throws Failure `invalid`/`body-incomplete`, `invalid`/`body-not-gzip`, `unsupported`/`content-encoding`
   */
  stream(request: IncomingMessage, response: ServerResponse): AsyncIterable<Buffer>
  /** @throws as readText, but for `body-not-utf8` */
  readBytes(request: IncomingMessage, response: ServerResponse): Promise<Buffer>
  /**
   * @throws Failure `too-large`/`body-too-large`, `unavailable`/`too-much-in-flight`, `invalid`/`body-not-utf8`,
   * `invalid`/`body-incomplete`, `invalid`/`body-not-gzip`, `unsupported`/`content-encoding`
   */
  readText(request: IncomingMessage, response: ServerResponse): Promise<string>
}

export function makeBodyReader({ maxBodyBytes, maxBufferedBytes }: BodyLimits): BodyReader {
  let buffered = 0

  function take(bytes: number): void {
    if (buffered + bytes > maxBufferedBytes) throw new Failure('unavailable', 'too-much-in-flight')
    buffered += bytes
  }

  async function readBytes(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > maxBodyBytes) throw tooLarge(maxBodyBytes)
    const source = decoded(request)
    // The whole of a declared length is taken at once: many slow uploads must not be let in and then all refused.
    let held = 0
    const release = () => {
      buffered -= held
      held = 0
    }
    response.once('close', release)
    take(declared)
    held = declared
    if (request.headers.expect !== undefined) response.writeContinue()
    const collected = collect(request, source, (length) => {
      if (length > maxBodyBytes) throw tooLarge(maxBodyBytes)
      if (length > held) {
        take(length - held)
        held = length
      }
    })
    // What was refused makes room at once for those that still come in.
    return collected.catch((thrown: unknown) => {
      release()
      throw thrown
    })
  }

  return {
    stream: chunksOf,
    readBytes,
    readText: async (request, response) => textOf(await readBytes(request, response)),
  }
}

/** @throws Failure `invalid`/`body-not-utf8` */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Failure('invalid', 'body-not-utf8')
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

const BYTE_ORDER_MARK = 0xfeff

function tooLarge(maxBytes: number): Failure {
  return new Failure('too-large', 'body-too-large', { maxBytes })
}

function decoded(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return request
  if (encoding === 'gzip' || encoding === 'x-gzip') return request.pipe(createGunzip())
  throw new Failure('unsupported', 'content-encoding')
}

async function* chunksOf(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Buffer> {
  const source = decoded(request)
  // A pipe doesn't hand on that its source has gone.
  if (source !== request)
    request.once('close', () => request.complete || source.destroy(new Error('cut off')))
  if (request.headers.expect !== undefined) response.writeContinue()
  try {
    yield* source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch (cause) {
    const isCut = source === request || request.destroyed
    throw new Failure('invalid', isCut ? 'body-incomplete' : 'body-not-gzip', {}, { cause })
  } finally {
    if (source !== request) {
      request.unpipe()
      source.destroy()
    }
  }
  if (!request.complete) throw new Failure('invalid', 'body-incomplete')
}

/** All bytes of the source; `check` is told the length so far and throws to end it. */
function collect(
  request: IncomingMessage,
  source: Readable,
  check: (length: number) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0

    function fail(failure: unknown): void {
      source.off('data', onData)
      chunks.length = 0
      if (source !== request) {
        request.unpipe()
        source.destroy()
      }
      reject(failure)
    }
    function onData(chunk: Buffer): void {
      length += chunk.length
      try {
        check(length)
        chunks.push(chunk)
      } catch (failure) {
        fail(failure)
      }
    }
    source.on('data', onData)
    source.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)))
    source.once('error', () => {
      const isCut = source === request
      fail(isCut ? new Failure('invalid', 'body-incomplete') : new Failure('invalid', 'body-not-gzip'))
    })
    request.once('close', () => {
      if (!request.complete) fail(new Failure('invalid', 'body-incomplete'))
    })
  })
}

/**
 * After a refusal: lets in, unread, what the client is still sending, so that it gets to read the answer and the
 * connection stays usable; a client that goes on beyond `maxBytes` is cut off.
 */
export function discardRest(request: IncomingMessage, maxBytes: number): void {
  if (request.complete) return
  let left = maxBytes
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.socket.destroy()
  })
  request.resume()
}
