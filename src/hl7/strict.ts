/**
 * What reading tolerates and a strict receiver does not: line feeds, a last segment without its end, blank lines, text
 * before the header, lines that are no segment, a header without what it must have. HL7 v2.5 chapter 2, §2.5.2, §2.5.4,
 * §2.15.9 (MSH-9 to MSH-12 are required).
 */
import { Failure } from '../kernel/failure.ts'
import type { Delimiters } from './delimiters.ts'
import { part } from './parts.ts'

const REQUIRED = [9, 10, 11, 12]

/** @throws Failure `invalid`/`hl7-not-strict` with the line, from 1, and what is wrong with it */
export function requireStrict(text: string, delimiters: Delimiters): void {
  const { field, subcomponent } = delimiters
  if (!text.startsWith('MSH')) throw fault(1, 'prefix')
  const lines = text.split('\r')
  if (lines.pop() !== '') throw fault(lines.length + 1, 'segment-end')
  for (const [index, line] of lines.entries()) {
    if (line.includes('\n')) throw fault(index + 1, 'line-feed')
    if (!/^[A-Z][A-Z0-9]{2}$/.test(line.slice(0, 3)) || (line[3] ?? field) !== field)
      throw fault(index + 1, 'segment-name')
  }
  const header = lines[0]!
  if (subcomponent === undefined || part(header, field, 2) === '') throw fault(1, 'MSH-2')
  const missing = REQUIRED.find((n) => (part(header, field, n) ?? '') === '')
  if (missing !== undefined) throw fault(1, `MSH-${missing}`)
}

function fault(line: number, reason: string): Failure {
  return new Failure('invalid', 'hl7-not-strict', { line, reason })
}
