/**
 * What stands in Binary.data where the bytes are a blob: base64 of a fixed mark and a random UUID. It is base64 like any
 * other data, so it passes wherever data may stand, and 122 random bits that nobody is told, so it can't be made up.
 */
import { randomUUID } from 'node:crypto'

/** 18 bytes: a multiple of three, so that their base64 is a prefix of the whole's. */
const MARK = Buffer.from('passerelle:blob:\0\u0001').toString('base64')
const UUID_BASE64 = '[A-Za-z0-9+/]{21}[AQgw]=='

const REFERENCE = new RegExp(`^${escaped(MARK)}${UUID_BASE64}$`)
const REFERENCES = new RegExp(`${escaped(MARK)}${UUID_BASE64}`, 'g')

export function newReference(): string {
  return referenceOf(randomUUID())
}

/** @param uuid as the database has it */
export function referenceOf(uuid: string): string {
  return MARK + Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64')
}

export function isReference(data: string): boolean {
  return data.startsWith(MARK) && REFERENCE.test(data)
}

/** The UUID as the database takes it. */
export function uuidOf(reference: string): string {
  return Buffer.from(reference.slice(MARK.length), 'base64').toString('hex')
}

/** Where references stand in a text that is to be sent. A search for the mark, 1 GB/s, is all that most texts cost. */
export function referencesIn(text: string): readonly { readonly at: number; readonly reference: string }[] {
  if (!text.includes(MARK)) return []
  return [...text.matchAll(REFERENCES)].map(({ index, 0: reference }) => ({ at: index, reference }))
}

function escaped(text: string): string {
  return text.replaceAll(/[+/]/g, '\\$&')
}
