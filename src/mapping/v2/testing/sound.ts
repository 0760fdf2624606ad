/** For tests: maps a message and asserts what every conversion owes, whatever the message is. */
import { expect } from 'vitest'
import type { Hl7Message } from '../../../hl7/index.ts'
import type { Mapped, MappingContext } from '../index.ts'
import { dangling, map, message, problems } from './compiled.ts'

/** The result: every resource valid R4, no reference that leads to nothing, the same again when the message is sent again. */
function mapSoundly(from: Hl7Message, context: Partial<MappingContext> = {}): Mapped {
  const mapped = map(from, context)
  expect(problems(mapped)).toEqual([])
  expect(dangling(mapped)).toEqual([])
  expect(map(from, context).resources).toEqual(mapped.resources)
  return mapped
}

/** A message of invented people: its type (`RDE^O11^RDE_O11`), then its segments after MSH. */
export function sent(type: string, ...segments: readonly string[]): Mapped {
  const header = `MSH|^~\\&|DPI|CLINIQUE|PUI|PHARMACIE|20260310101500+0100||${type}|M1|P|2.5.1`
  return mapSoundly(message(header, ...segments))
}
