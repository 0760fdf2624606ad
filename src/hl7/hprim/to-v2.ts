/**
 * An HPRIM santé message in the words of HL7 v2, so that it goes through the same tables: H → MSH, P → PID and PV1,
 * OBR → ORC, OBR and SPM, OBX → OBX, C → NTE. Both norms come from ASTM E1238. Raw text is copied in the sender's
 * separators. Numbers in comments are HPRIM's own, which count a segment's name as its field 1.
 */
import type { HprimMessage } from './message.ts'
import { orderSegments, resultSegment, specimenSegment } from './order.ts'
import { type PatientSegments, patientSegments } from './patient.ts'
import { component, first, makePen, type Pen } from './pen.ts'

/** The text of an ORU^R01, its segments ended by CR; of another context (ADM, ORM …) a message of the type HPRIM. */
export function hprimToV2(message: HprimMessage): string {
  const pen = makePen(message)
  const segments: string[] = []
  let specimen: string | undefined
  /** What is told of the sample stands behind the results. */
  const endOrder = (): void => {
    if (specimen !== undefined) segments.push(specimen)
    specimen = undefined
  }
  let patient: PatientSegments | undefined
  /** What is told of the patient stands behind the comments on her. */
  const endPatient = (): void => {
    segments.push(...(patient?.behind ?? []))
    if (patient !== undefined) patient = { ...patient, behind: [] }
  }
  for (const segment of message.segments) {
    if (segment.name !== 'C') endPatient()
    switch (segment.name) {
      case 'H':
        segments.push(headerSegment(pen, message))
        break
      case 'P':
        endOrder()
        patient = patientSegments(pen, segment)
        segments.push(patient.pid)
        break
      case 'OBR':
        endOrder()
        segments.push(...orderSegments(pen, segment), ...(patient?.diagnoses ?? []))
        specimen = specimenSegment(pen, segment)
        break
      case 'OBX':
        segments.push(resultSegment(pen, segment))
        break
      case 'C':
        segments.push(`NTE${segment.raw.slice(1)}`)
        break
      case 'L':
        break
      default:
        segments.push(segment.raw)
    }
  }
  endPatient()
  endOrder()
  return segments.map((segment) => `${segment}\r`).join('')
}

function headerSegment(pen: Pen, message: HprimMessage): string {
  const header = message.segments[0]!
  const { composite, literal, sender, receiver } = pen
  const type =
    header.get('6.1')?.trim() === 'ORU'
      ? { 1: literal('ORU'), 2: literal('R01'), 3: literal('ORU_R01') }
      : { 1: literal('HPRIM'), 2: component(header, 6, 1) }
  // What is behind the name MSH are the encoding characters, MSH-2: numbers are one less than HL7's.
  return pen.segment('MSH', {
    1: encodingCharacters(header.field(1).raw),
    3: sender.code,
    5: receiver.code,
    6: header.field(13).raw, // 7.14
    8: composite(type),
    9: controlId(pen, message),
    10: first(header, 11) || literal('P'), // 7.12
    11: component(header, 12, 1), // 7.13
    21: composite({ 1: sender.name, 10: sender.code }),
  })
}

/** Some old files leave the escape character out. */
function encodingCharacters(raw: string): string {
  return raw.length === 3 && raw.endsWith('&') ? `${raw.slice(0, 2)}\\&` : raw
}

/**
 * What tells the message from others: the file's name (7.3), which senders use again after a while, and its time (7.14);
 * of the second and later patients of a file also their rank (8.2).
 */
function controlId({ literal }: Pen, { segments }: HprimMessage): string {
  const header = segments[0]!
  const rank = Number(segments.find(({ name }) => name === 'P')?.get('1') ?? 1)
  const parts = [first(header, 2), first(header, 13)]
  if (Number.isInteger(rank) && rank > 1) parts.push(literal(String(rank)))
  return parts.filter((each) => each !== '').join(literal('-'))
}
