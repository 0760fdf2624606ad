/** The names in MSH-18, read from the header's text before anything is decoded. HL7 v2.5 chapter 2, §2.15.9.18. */
import type { Delimiters } from './delimiters.ts'
import { part } from './parts.ts'

/** Repetitions that are looked at. */
const MAX_NAMES = 20

/** One name a repetition, empty ones too: the first of `~ISO IR87` is. No names: the field is empty. */
export function declaredCharsets(header: string, { field, repetition }: Delimiters): string[] {
  const raw = part(header, field, 18) ?? ''
  if (raw === '') return []
  return repetition === undefined ? [raw] : raw.split(repetition, MAX_NAMES)
}
