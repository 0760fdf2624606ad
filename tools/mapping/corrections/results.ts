/** Corrections of tables about results and documents. */
import type { RuleCorrection } from '../corrections.ts'

const ATTACHMENT =
  'extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value").valueAttachment'

const RESULTS: readonly RuleCorrection[] = [
  {
    map: 'OBX[Observation]',
    source: 'OBX-5',
    target: 'valueQuantity.value',
    use: { to: 'valueQuantity', when: 'OBX-2 = "NM" and OBX-5 numeric' },
    because: 'what is no number is kept as text',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-5',
    target: 'component[each].valueQuantity',
    use: { when: 'OBX-2 = "NM" and OBX-5 numeric' },
    because: 'what is no number is kept as text',
  },
  {
    map: 'OBX[Observation]',
    source: 'OBX-6',
    condition: '"NM"',
    use: { when: 'OBX-2 = "NM" and OBX-5 numeric' },
    because: 'a unit needs a number',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-6',
    condition: '"NM"',
    use: { when: 'OBX-2 = "NM" and OBX-5 numeric' },
    because: 'a unit needs a number',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-5',
    condition: 'IN ("ST", "FT", "TX")',
    use: { when: 'OBX-2 in ("ST", "FT", "TX") or OBX-2 absent', type: '@text' },
    because: 'without a type a value is text; a separator in it is text too',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-5',
    condition: '"DTM", "DT"',
    use: { when: 'OBX-2 in ("DTM", "DT", "TS") and OBX-5 dated' },
    because: 'the name until version 2.5; what is no date is kept as text',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-5',
    target: /valueTime$/,
    use: { when: 'OBX-2 = "TM" and OBX-5 timed' },
    because: 'what is no time is kept as text',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-5',
    condition: '"IS"',
    use: { type: 'CWE[CodeableConcept]' },
    because: 'what is coded may come with its name and system',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-5',
    target: /valueString/,
    condition: '"SN"',
    use: { type: '@structuredNumeric', value: '' },
    because: 'the parts with one space between',
  },
  {
    map: 'OBX[Observation]',
    source: 'OBX-5',
    condition: '"NA"',
    use: { to: 'valueString', type: '@lines' },
    because: 'SampledData needs an origin and a period, which NA does not carry',
  },
  {
    map: 'OBX[Observation]',
    source: 'OBX-5',
    target: 'extension[1].valueAttachment',
    condition: '"ED"',
    use: { to: ATTACHMENT, when: 'OBX-2 = "ED" and switch attachment = "extension"' },
    because: 'whichever encoding ED.4 names',
  },
  {
    map: 'OBX[Observation]',
    source: 'OBX-5',
    target: 'extension[1].valueAttachment',
    condition: '"RP"',
    use: { to: ATTACHMENT, when: 'OBX-2 = "RP" and switch attachment = "extension"', type: 'RP[Attachment]' },
    because: 'a reference pointer is no encapsulated datum',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-5',
    target: 'component[each].extension[1].valueAttachment',
    use: ({ condition }) => ({
      to: `component[each].${ATTACHMENT}`,
      when: condition.includes('"ED"') ? 'OBX-2 = "ED"' : 'OBX-2 = "RP"',
    }),
    because: 'whichever encoding ED.4 names',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-7',
    use: { type: '@text' },
    because: 'a separator in it is text',
  },
  { map: /^OBX\[Observation/, source: 'OBX-10', target: /uri$/, leaveOut: 'part of the path of the value' },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-10',
    use: {
      to: 'extension("http://hl7.org/fhir/StructureDefinition/observation-nature-of-abnormal-test").valueCodeableConcept',
    },
    because: 'the url stood in a wrong element',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-11',
    target: /^dataAbsentReason/,
    use: ({ target }) => ({
      to: target.replace('coding[2]', 'coding'),
      when: 'OBX-11 = "N" and OBX-5 absent',
    }),
    because: 'a reason for absence only where no value is',
  },
  {
    map: 'OBX[Observation]',
    source: 'OBX-15',
    target: 'performer[2](PractitionerRole)',
    leaveOut: 'the producer is an organization',
  },
  { map: /^OBX\[Observation/, source: 'OBX-19', target: /url$/, leaveOut: 'part of the path of the value' },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-19',
    target: /valueDateTime$/,
    use: {
      to: 'extension("http://hl7.org/fhir/StructureDefinition/observation-analysis-date-time").valueDateTime',
    },
    because: 'the url stood among the comments',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-16',
    target: /Practitioner\)/,
    use: { type: 'XCN[Practitioner]' },
    because: 'the target is the practitioner',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-23',
    target: 'performer[2](Organization)',
    use: { when: 'OBX-25 absent' },
    because: 'as for a single value',
  },
  {
    map: 'OBX[Observation-Component]',
    source: 'OBX-24',
    target: 'performer[2](Organization.address)',
    use: { when: 'OBX-25 absent' },
    because: 'as for a single value',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-25',
    target: /practitioner\)$|\(PractitionerRole\)$/,
    use: { to: 'performer[2]>PractitionerRole.practitioner>Practitioner', type: 'XCN[Practitioner]' },
    because: 'the practitioner of that role',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-25',
    target: /coding\.(code|value)/,
    use: { to: 'performer[2]>PractitionerRole.code.coding.code' },
    because: 'a slip in the path',
  },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-29',
    target: /system$/,
    use: { value: '"http://terminology.hl7.org/CodeSystem/v2-0936"' },
    because: 'the table of OBX-29',
  },
  { map: /^OBX\[Observation/, source: 'OBX-30', leaveOut: 'the extension is not defined' },
  {
    map: /^OBX\[Observation/,
    source: 'OBX-33',
    condition: '>1',
    leaveOut: 'an observation has one specimen in R4',
  },
  {
    map: 'OBX[DocumentReference]',
    condition: '"FT"',
    target: /data$/,
    use: { to: 'content[2].attachment.data', type: '@textBase64' },
    because: 'the attachment holds it',
  },
  {
    map: 'OBX[DocumentReference]',
    condition: '"TX"',
    target: /data$/,
    use: { to: 'content[4].attachment.data', type: '@textBase64' },
    because: 'the attachment holds it',
  },
  {
    map: 'OBX[DocumentReference]',
    target: /contentType$/,
    use: ({ target }) => ({
      to: target.replace('.contentType', '.attachment.contentType'),
      value: '"text/plain;charset=utf-8"',
    }),
    because: 'the attachment holds it, and plain text is its type',
  },
  {
    map: 'OBX[DocumentReference]',
    condition: '"RP"',
    use: { to: 'content[3].attachment', type: 'RP[Attachment]' },
    because: 'the attachment holds it',
  },
]

/** The status of a document, table 0271 and 0273; what type of file it is, a row of OBX says better. */
const DOCUMENTS: readonly RuleCorrection[] = [
  {
    map: 'TXA[DocumentReference]',
    source: 'TXA-3',
    leaveOut: 'a code of table 0191 is no media type; OBX says which it is',
  },
  {
    map: 'TXA[DocumentReference]',
    source: 'TXA-17',
    use: { type: '', vocabulary: 'DocumentCompletionStatus' },
    because: 'R4 has three codes for them',
  },
  {
    map: 'TXA[DocumentReference]',
    source: 'TXA-19',
    target: 'status',
    condition: '"AV"',
    use: { when: '', type: '', value: '', vocabulary: 'DocumentAvailabilityStatus' },
    because: 'R4 has codes for the others too',
  },
  { map: 'TXA[DocumentReference]', source: 'TXA-19', leaveOut: 'the vocabulary says it' },
  { map: /^RP\[/, source: 'RP.1', use: { type: '@url' }, because: 'a path of a file server is no URL' },
  {
    map: /^RP\[/,
    source: 'RP.3',
    use: { from: 'RP', type: '@contentType(3)', value: '' },
    because: 'AP and PDF are application/pdf',
  },
]

export const results: readonly RuleCorrection[] = [...DOCUMENTS, ...RESULTS]
