/** Reading an acknowledgement that came back: MSA and ERR. HL7 v2.5 chapter 2, §2.15.5, §2.15.8. */
import { type CharsetChoice, sniffUtf16, tryDecode } from './charset/index.ts'
import type { AckCode } from './error-codes.ts'
import { Hl7Segment } from './segment.ts'
import { firstOf, readIntake } from './intake.ts'
import { rawLines, rawName } from './scan.ts'

export interface Acknowledgement {
  readonly code: AckCode
  /** MSA-2: the control id of the message that it answers. */
  readonly controlId: string | undefined
  /** ERR-3 (before v2.5 the code in ERR-1) of each ERR, as sent. */
  readonly errorCodes: readonly string[]
}

const CODES: ReadonlySet<string> = new Set<AckCode>(['AA', 'AE', 'AR', 'CA', 'CE', 'CR'])

/** Undefined when the bytes are no acknowledgement. Texts are left out on purpose: a receiver may quote a patient in them. */
export function readAck(raw: Buffer, choice: CharsetChoice = {}): Acknowledgement | undefined {
  const wide = sniffUtf16(raw)
  const text = wide && tryDecode(raw, wide)
  if (text !== undefined) return readAck(Buffer.from(text, 'utf8'), { override: 'utf-8' })
  const intake = readIntake(raw, choice)
  if (!intake.readable) return undefined
  const { delimiters } = intake.header
  const segments = new Map<string, Hl7Segment[]>([
    ['MSA', []],
    ['ERR', []],
  ])
  for (const line of rawLines(raw)) {
    const name = rawName(raw, line, delimiters.field.charCodeAt(0))
    const bytes = raw.subarray(line.start, line.end)
    const text = tryDecode(bytes, intake.charset ?? 'ascii') ?? bytes.toString('latin1')
    segments
      .get(name ?? '')
      ?.push(new Hl7Segment(text, { delimiters, charset: 'ascii' }, { index: 0, sequence: 1 }))
  }
  const acknowledgement = segments.get('MSA')![0]
  const code = acknowledgement?.get('1')?.trim().toUpperCase() ?? ''
  if (acknowledgement === undefined || !CODES.has(code)) return undefined
  return {
    code: code as AckCode,
    // Read as MSH-10 is, so that the two can be compared.
    controlId: firstOf(acknowledgement, 2),
    errorCodes: segments.get('ERR')!.flatMap((error) => error.get('3') ?? error.get('1.4') ?? []),
  }
}
