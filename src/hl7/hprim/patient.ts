/**
 * HPRIM's P in the words of HL7: PID, height and weight as OBX, PV1 for a stay, DG1 for what is known or suspected. Numbers
 * in comments count as HPRIM does, the name as field 1.
 */
import type { Hl7Segment } from '../segment.ts'
import { component, componentsOf, first, type Pen } from './pen.ts'

/** What stands for a P: PID at its place, `behind` after the comments on it, `diagnoses` in each request. */
export interface PatientSegments {
  readonly pid: string
  readonly behind: readonly string[]
  readonly diagnoses: readonly string[]
}

export function patientSegments(pen: Pen, segment: Hl7Segment): PatientSegments {
  const field = (n: number): string => segment.field(n).raw
  const pid = pen.segment('PID', {
    1: field(1),
    3: repeated(pen, [
      pen.identifier(component(segment, 2, 1), pen.receiver.code, 'PI'), // 8.3: the requester's
      pen.identifier(component(segment, 3, 1), pen.sender.code, 'PI'), // 8.4: the laboratory's
      nationalNumber(pen, segment),
    ]),
    5: repeated(pen, names(pen, segment)),
    7: field(7), // 8.8 birth date
    8: field(8), // 8.9 sex
    11: field(10), // 8.11 address
    13: field(12), // 8.13 telephone
    15: field(30), // 8.31 language
    16: field(28), // 8.29 marital status
    29: field(33), // 8.34 death
  })
  const stay = component(segment, 4, 1) // 8.5
  return {
    pid,
    behind: [...measures(pen, segment), ...(stay === '' ? [] : [visit(pen, segment, stay)])],
    diagnoses: diagnoses(pen, segment),
  }
}

/** LOINC, and the unit that ASTM E1238 means where none is sent. */
const MEASURES = [
  { field: 16, code: '8302-2', display: 'Body height', unit: 'cm' }, // 8.17
  { field: 17, code: '29463-7', display: 'Body weight', unit: 'kg' }, // 8.18
] as const

function measures({ composite, literal, segment }: Pen, patient: Hl7Segment): string[] {
  return MEASURES.flatMap(({ field, code, display, unit }, at) => {
    const value = component(patient, field, 1)
    if (value === '') return []
    return segment('OBX', {
      1: literal(String(at + 1)),
      2: literal('NM'),
      3: composite({ 1: literal(code), 2: literal(display), 3: literal('LN') }),
      5: value,
      6: composite({ 1: component(patient, field, 2) || literal(unit) }),
      11: literal('F'),
    })
  })
}

/** 8.19, a code or a text each. */
function diagnoses({ literal, segment }: Pen, patient: Hl7Segment): string[] {
  return patient
    .field(18)
    .repetitions.filter(({ raw }) => raw.trim() !== '')
    .map(({ raw }, at) => segment('DG1', { 1: literal(String(at + 1)), 3: raw }))
}

function repeated({ delimiters }: Pen, values: readonly string[]): string {
  const present = values.filter((value) => value !== '')
  return delimiters.repetition === undefined ? (present[0] ?? '') : present.join(delimiters.repetition)
}

/** 8.6 the name in use, 8.7 the birth name. The first alone is not said to be either. */
function names({ composite, literal }: Pen, segment: Hl7Segment): string[] {
  const used = componentsOf(segment, 5).slice(0, 6)
  const birth = first(segment, 6)
  const parts = Object.fromEntries(used.map((each, at) => [at + 1, each]))
  if (birth === '') return [composite(parts)]
  const inUse = used.some((each) => each !== '') ? composite({ ...parts, 7: literal('D') }) : ''
  return [inUse, composite({ 1: birth, 2: used[1] ?? '', 7: literal('L') })]
}

const INS: readonly { type: string; oid: string; form: RegExp }[] = [
  { type: 'INS-NIA', oid: '1.2.250.1.213.1.4.9', form: /^[78]\d{14}$/ },
  { type: 'INS-NIR', oid: '1.2.250.1.213.1.4.8', form: /^\d{5}[0-9AB]{2}\d{8}$/ },
  { type: 'INS-C', oid: '1.2.250.1.213.1.4.2', form: /^\d{22}$/ },
]

/** 8.12, since 2.3. No version says whether it is qualified, nor of which kind it is but by its digits. */
function nationalNumber({ delimiters, identifier, literal }: Pen, segment: Hl7Segment): string {
  const digits = (segment.get('11') ?? '').replaceAll(/\s/g, '')
  const found = INS.find(({ form }) => form.test(digits))
  const { subcomponent } = delimiters
  if (found === undefined || subcomponent === undefined) return ''
  const authority = [`ASIP-SANTE-${found.type}`, found.oid, 'ISO'].map(literal).join(subcomponent)
  return identifier(literal(digits), authority, found.type)
}

/** The stay, 8.26 its place: room, bed, unit; 8.14 the doctors; 8.24 its beginning and end. */
function visit(
  { composite, identifier, literal, receiver, segment }: Pen,
  patient: Hl7Segment,
  stay: string,
) {
  const dates = patient.field(23).repetitions.flatMap(({ components }) => components.map(({ raw }) => raw))
  return segment('PV1', {
    1: literal('1'),
    3: composite({
      1: component(patient, 25, 3),
      2: component(patient, 25, 1),
      3: component(patient, 25, 2),
    }),
    7: patient.field(13).raw,
    19: identifier(stay, receiver.code, 'VN'),
    44: dates[0] ?? '',
    45: dates[1] ?? '',
  })
}
