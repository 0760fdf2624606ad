/** Large Binaries for the fault rounds: each can be made again from its number. */
import { createHash } from 'node:crypto'

/** 40 to 240 kB: more than stays in a resource. */
export function contentOf(number: number): Buffer {
  const block = createHash('sha512').update(`content ${number}`).digest()
  return Buffer.alloc(40_000 + ((number * 7919) % 200_000), block)
}

/** With an id of our own: the same bytes again are no second version. */
export async function putContent(fhir: string, token: string, number: number): Promise<boolean> {
  const { status } = await fetch(`${fhir}/Binary/fault-${number}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/pdf' },
    body: contentOf(number),
  })
  return status === 201 || status === 200
}

/** The version, when all bytes are there; 0 when not. */
export async function contentVersion(fhir: string, token: string, number: number): Promise<number> {
  const answer = await fetch(`${fhir}/Binary/fault-${number}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const version = /\d+/.exec(answer.headers.get('etag') ?? '')?.[0]
  return answer.status === 200 && bytes.equals(contentOf(number)) ? Number(version) : 0
}
