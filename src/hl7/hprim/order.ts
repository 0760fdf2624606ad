/**
 * HPRIM's OBR and OBX in the words of HL7. Both norms have their fields at the same places but for those named here.
 * Numbers in comments count as HPRIM does, the name as field 1: 9.3 is what HL7 would call OBR-2.
 */
import type { Hl7Segment } from '../segment.ts'
import { component, componentsOf, fieldsOf, first, type Party, type Pen } from './pen.ts'

/** ORC and OBR of a request. What 9.5 asks for beside its first analysis are details of it (OBR-46). */
export function orderSegments(pen: Pen, segment: Hl7Segment): string[] {
  const placer = orderNumber(pen, segment, 2, pen.receiver)
  const filler = orderNumber(pen, segment, 3, pen.sender)
  const { person, unit } = prescriber(pen, segment)
  const [analysis = '', ...others] = segment.field(4).repetitions.map(({ raw }) => raw)
  return [
    pen.segment('ORC', { 1: pen.literal('RE'), 2: placer, 3: filler, 12: person, 21: unit }),
    pen.segment('OBR', {
      ...fieldsOf(segment),
      2: placer,
      3: filler,
      4: analysis,
      // The sample is told by SPM.
      9: '',
      14: '',
      15: '',
      16: person,
      ...(others.length > 0 ? { 46: others.join(pen.delimiters.repetition) } : {}),
    }),
  ]
}

/** The number of an order: the request's (9.3.2, 9.4.2), else that of its sample, with who gave it. */
function orderNumber({ composite }: Pen, segment: Hl7Segment, n: number, { code }: Party): string {
  const number = component(segment, n, 2) || component(segment, n, 1)
  return number === '' ? '' : composite({ 1: number, 2: code })
}

/** 9.17: code, name and table of the prescriber, then of the unit; or a CNA with the parts of the name. */
function prescriber({ composite }: Pen, segment: Hl7Segment): { person: string; unit: string } {
  const [code = '', name = '', table = '', unit = '', unitName = ''] = componentsOf(segment, 16)
  if (!/^[A-Z]?$/.test(table)) return { person: first(segment, 16), unit: '' }
  return {
    person: composite({ 1: code, 2: name }),
    unit: unit === '' && unitName === '' ? '' : composite({ 1: unitName || unit, 10: unit }),
  }
}

/** SPM of the sample: 9.3.1, 9.4.1 numbers, 9.8, 9.9 collection, 9.10 volume, 9.15 reception, 9.16 nature. */
export function specimenSegment(pen: Pen, segment: Hl7Segment): string | undefined {
  const numbers = [
    numbered(pen, component(segment, 2, 1), pen.receiver),
    numbered(pen, component(segment, 3, 1), pen.sender),
  ]
  const [volume = '', received = '', nature = ''] = [9, 14, 15].map((n) => first(segment, n))
  if ([...numbers, volume, received, nature].every((each) => each === '')) return undefined
  return pen.segment('SPM', {
    1: pen.literal('1'),
    2: pen.composite({ 1: numbers[0]!, 2: numbers[1]! }),
    4: nature,
    12: volume,
    17: pen.composite({ 1: first(segment, 7), 2: first(segment, 8) }),
    18: received,
  })
}

function numbered({ delimiters }: Pen, number: string, { code }: Party): string {
  const { subcomponent } = delimiters
  return number === '' || subcomponent === undefined ? number : `${number}${subcomponent}${code}`
}

const FILES: ReadonlyMap<string, string> = new Map([
  ['TXT', 'text/plain'],
  ['RTF', 'application/rtf'],
  ['PDF', 'application/pdf'],
  ['HTM', 'text/html'],
  ['HTML', 'text/html'],
  ['XML', 'application/xml'],
  ['JPG', 'image/jpeg'],
  ['JPEG', 'image/jpeg'],
  ['TIF', 'image/tiff'],
  ['TIFF', 'image/tiff'],
  ['PNG', 'image/png'],
])

/** OBX, performed by the sender. 10.16 says where it stands on paper; a file beside the message (FIC) is a pointer. */
export function resultSegment({ composite, literal, segment: write, sender }: Pen, segment: Hl7Segment) {
  const fields: Record<number, string> = {
    ...fieldsOf(segment),
    15: '',
    23: composite({ 1: sender.name || sender.code, 10: sender.code }),
  }
  if (segment.get('2')?.trim() === 'FIC') {
    const kind = FILES.get((segment.get('5.2') ?? '').trim().toUpperCase()) ?? 'application/octet-stream'
    const [type = '', subtype = ''] = kind.split('/').map(literal)
    fields[2] = literal('RP')
    fields[5] = composite({ 1: component(segment, 5, 1), 3: type, 4: subtype })
  }
  return write('OBX', fields)
}
