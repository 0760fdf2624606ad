/** Bytes as HTTP: a content as it is, or within a text, streamed from where they are. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asBase64, base64Length, type BinaryPlace } from '../../../store/index.ts'
import type { NativeContent } from './content.ts'

/** Whoever opens it in a browser sees it, but it may do nothing: no scripts, no origin. */
const SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"

/** Shown in a browser; what may hold scripts or links is only to be saved. */
const SHOWN: ReadonlySet<string> = new Set([
  'application/pdf',
  'image/bmp',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/webp',
  'text/plain',
])

/** @param headers with those of every answer; the status is 200 or 206 */
export async function sendNative(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  { contentType, content, range, securityContext }: NativeContent,
): Promise<void> {
  const { size } = content
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase()
  // Opened first: what can't be read is still an error then, and not half an answer.
  const isWanted = response.req.method !== 'HEAD' && size > 0
  const bytes = isWanted ? await content.open(range) : undefined
  response.writeHead(status, {
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Disposition': SHOWN.has(type) ? 'inline' : 'attachment',
    'Content-Length': range ? range.length : size,
    'Content-Security-Policy': SANDBOX,
    'Content-Type': contentType,
    ...(range && { 'Content-Range': `bytes ${range.offset}-${range.offset + range.length - 1}/${size}` }),
    ...(securityContext !== undefined && { 'X-Security-Context': securityContext }),
  })
  if (bytes === undefined) response.end()
  else await stream(bytes, response)
}

/** A text with the base64 of contents in its places. */
export async function sendText(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  text: string,
  places: readonly BinaryPlace[],
): Promise<void> {
  if (places.length === 0) {
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text)
    return
  }
  let length = Buffer.byteLength(text)
  for (const place of places) length += base64Length(place.content.size) - place.length
  response.writeHead(status, { ...headers, 'Content-Length': length })
  if (response.req.method === 'HEAD') response.end()
  else await stream(Readable.from(filled(text, places)), response)
}

async function* filled(text: string, places: readonly BinaryPlace[]): AsyncGenerator<string> {
  let at = 0
  for (const place of places) {
    yield text.slice(at, place.at)
    yield* asBase64(await place.content.open())
    at = place.at + place.length
  }
  yield text.slice(at)
}

/** What breaks now can't be told any more: the connection is cut, so that nobody takes a part for the whole. */
async function stream(bytes: Readable, response: ServerResponse): Promise<void> {
  try {
    await pipeline(bytes, response)
  } catch {
    response.destroy()
  }
}
