/** Corrections of tables about orders, specimens, prescriptions and appointments. */
import type { RuleCorrection } from '../corrections.ts'

const ONE_PROVENANCE = 'one Provenance a message, made by us'
const COMPUTED = 'times computed from other times are not invented'
const REFERENCE = 'the reference is set by the message table'
const STRENGTH = 'medicationReference>Medication.ingredient.strength'

const ORDERS: readonly RuleCorrection[] = [
  { map: 'ORC[DiagnosticReport]', source: 'ORC-2', target: 'basedOn(ServiceRequest)', leaveOut: REFERENCE },
  {
    map: 'ORC[DiagnosticReport]',
    source: 'ORC-4',
    use: ({ target }) => ({
      to: target === 'identifier[3]' ? 'identifier[3]' : 'identifier[4]',
      when: 'switch placer-group-number = "EIP"',
    }),
    because: 'as in the order',
  },
  {
    map: 'RXA[Immunization]',
    source: /^RXA-[67]$/,
    use: { when: 'RXA-6 != "999"' },
    because: '999 says that the amount is not known (CDC implementation guide)',
  },
  {
    map: 'ORC[Immunization]',
    source: 'ORC-4',
    use: { when: 'switch placer-group-number = "EIP"' },
    because: 'as in the order',
  },
  {
    map: /^ORC\[(ServiceRequest|MedicationAdministration)\]$/,
    source: 'ORC-1',
    target: /^extension/,
    leaveOut: 'the extension is not defined',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-9',
    target: /^extension/,
    leaveOut: 'the extension is not defined',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-1',
    target: 'intent',
    use: { from: 'ORC', to: 'intent?' },
    because: 'an order also without a control code; what is known of its intent stays',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-1',
    target: 'status',
    use: { when: 'ORC-5 absent and ORC-1 != "RE"' },
    because: 'a result to follow is no state of the order',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: /^ORC-(2|3|33)$/,
    use: { when: '' },
    because: 'OBR gives way to ORC; both giving way loses the number',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-4',
    target: /^requisition/,
    use: ({ target }) => ({ to: target.replace(/\[\d\]/, '') }),
    because: 'requisition is no list',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-4',
    condition: 'ORC-4.2',
    use: ({ target }) => (target.endsWith('value') ? { from: 'ORC-4.2' } : {}),
    because: 'the filler group number is the second half',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-38',
    target: 'identifier[5].value',
    use: { to: 'identifier[5]', type: 'EI[Identifier-Extension]' },
    because: 'an EI with its authority',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-12',
    use: { to: 'requester>PractitionerRole.practitioner>Practitioner' },
    because: 'the practitioner of that role',
  },
  {
    map: 'ORC[ServiceRequest]',
    source: 'ORC-16',
    target: 'extension[3].valueCodeableConcept',
    use: { when: '' },
    because: 'a reason is one, whether the state stands in ORC-5 or follows from ORC-1',
  },
  { map: 'ORC[Provenance]', source: 'ORC-1', leaveOut: ONE_PROVENANCE },
  { map: 'ORC[Provenance]', source: 'ORC-9', leaveOut: ONE_PROVENANCE },
  { map: 'ORC[Provenance]', source: 'ORC-28', leaveOut: 'the label belongs to the order' },
  { map: 'EVN[Provenance]', source: 'EVN', leaveOut: ONE_PROVENANCE },
  { map: 'EVN[Provenance]', source: 'EVN-2', leaveOut: ONE_PROVENANCE },
  {
    map: 'EVN[Provenance]',
    source: 'EVN-4',
    condition: 'IS "U"',
    leaveOut: 'an unknown reason is no reason',
  },
  {
    map: 'EVN[Provenance]',
    source: 'EVN-5',
    use: { to: 'agent[operator].who>Practitioner', vocabulary: '' },
    because: 'an operator id is no code',
  },
  { map: 'MSH[Provenance-Source]', source: 'MSH', leaveOut: ONE_PROVENANCE },
  { map: 'MSH[Provenance-Source]', source: /^MSH-(3|7|9)$/, leaveOut: ONE_PROVENANCE },
  {
    map: 'OBR[ServiceRequest]',
    source: 'OBR',
    target: 'intent',
    use: { to: 'intent?' },
    because: 'what is known of the intent stays',
  },
  {
    map: 'OBR[ServiceRequest]',
    source: 'OBR-11',
    condition: '"A"',
    use: { value: '"order"' },
    because: 'R4 has no code for an added test',
  },
  { map: 'OBR[ServiceRequest]', source: 'OBR-13', target: /url$/, leaveOut: 'R4 has no CodeableReference' },
  {
    map: 'OBR[ServiceRequest]',
    source: 'OBR-13',
    use: { to: 'note[clinical].text', type: 'CWE[string]' },
    because: 'R4 has no CodeableReference',
  },
  { map: 'OBR[ServiceRequest]', source: 'OBR-17', target: /url$/, leaveOut: 'part of the path of the value' },
  {
    map: 'OBR[ServiceRequest]',
    source: 'OBR-17',
    use: {
      to: 'extension("http://hl7.org/fhir/StructureDefinition/servicerequest-order-callback-phone-number").valueContactPoint',
    },
    because: 'the extension of ORC-14',
  },
  {
    map: 'OBR[Specimen]',
    source: 'OBR-2',
    use: { type: 'EI[Identifier-Extension]' },
    because: 'OBR-2 is an EI',
  },
  {
    map: 'OBR[Specimen]',
    source: 'OBR-13',
    target: /Concept/,
    use: { type: 'CWE[CodeableConcept]' },
    because: 'a CodeableConcept',
  },
  {
    map: 'OBR[ServiceRequest]',
    source: 'OBR-29',
    target: /^basedOn/,
    use: ({ target }) => ({ when: target.includes('[1]') ? 'OBR-29.1 valued' : 'OBR-29.2 valued' }),
    because: 'OBR-50 says what the parent was and leaves its number what it is',
  },
  { map: 'OBR[Specimen]', source: 'OBR-13', leaveOut: 'a duration in words is not guessed' },
  { map: 'OBR[Specimen]', source: 'OBR-39', use: { type: 'CWE[Annotation]' }, because: 'an Annotation' },
  {
    map: /^NTE\[(ServiceRequest|Observation)\]$/,
    source: 'NTE-3',
    use: { type: '@lines' },
    because: 'repetitions are lines',
  },
  {
    map: 'NTE[Appointment-Comment]',
    source: 'NTE-3',
    target: /valueAnnotation/,
    use: { to: 'comment', type: '@lines' },
    because: 'an Appointment has a comment',
  },
  { map: 'NTE[Appointment-Comment]', leaveOut: 'an Appointment has one comment without an author' },
  {
    map: 'NTE[DocumentReference]',
    source: 'NTE-3',
    target: /data$/,
    use: { to: 'description', type: '@lines', when: 'TXA-25 absent' },
    because: 'a comment describes the document that has no title',
  },
  { map: 'NTE[DocumentReference]', leaveOut: 'a comment is no content' },
  {
    map: 'SPM[Specimen]',
    source: 'SPM-32',
    target: 'identifier[3].type.coding.code',
    use: { value: '"FILL"' },
    because: 'the constant was left out',
  },
  {
    map: 'SPM[Specimen]',
    source: 'SPM-31',
    use: { to: 'identifier[4]' },
    because: 'another identifier than SPM-2',
  },
  {
    map: /^TQ1\[/,
    source: 'TQ1-6',
    condition: 'TQ1-7 AND',
    use: ({ map }) => ({
      to:
        map === 'TQ1[ServiceRequest]'
          ? 'occurrenceTiming.repeat.boundsDuration'
          : 'dosageInstruction.timing.repeat.boundsDuration',
      type: 'CQ[Duration]',
    }),
    because: 'bounds are in repeat, and a duration has a unit of time',
  },
  { map: /^TQ1\[/, source: 'TQ1-6', leaveOut: COMPUTED },
  { map: 'TQ1[ServiceRequest]', source: 'TQ1-8', use: { when: '' }, because: 'an end that was sent' },
  {
    map: 'TQ1[ServiceRequest]',
    source: 'TQ1-5',
    use: { to: 'occurrenceTiming.repeat.offset' },
    because: 'a slip in the path',
  },
  {
    map: 'TQ1[MedicationRequest]',
    source: 'TQ1-11',
    use: { to: 'note.text' },
    because: 'text is the narrative',
  },
  {
    map: /^TQ1\[/,
    source: 'TQ1-14',
    use: ({ target }) => ({ to: target.replace('countMax', 'count') }),
    because: 'a most needs a least (tim-8)',
  },
  {
    map: 'TQ1[MedicationRequest]',
    source: 'TQ1-4',
    use: { to: 'dosageInstruction.timing.repeat.timeOfDay' },
    because: 'a time of the day, as it is in an order of a service',
  },
  { map: /^TQ1\[/, source: 'TQ1-9', use: { type: 'CWE[code]' }, because: 'a code' },
  {
    map: 'RXO[MedicationRequest]',
    target: 'dosageInstruction.doseAndRate[1].type',
    leaveOut: 'the code is not in the value set',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-5',
    use: { to: 'medicationReference>Medication.form' },
    because: 'the name in R4',
  },
  { map: 'RXO[MedicationRequest]', source: 'RXE-19', leaveOut: 'RXO-23 is meant; our own rows say it' },
  {
    map: 'RXO[MedicationRequest]',
    source: /^RXO-[23]$/,
    use: ({ source, target }) => ({
      to: target,
      when: source === 'RXO-2' ? 'RXO-2 numeric and RXO-3 numeric' : 'RXO-3 numeric',
    }),
    because: 'a range has two ends; the dose that does not vary is a quantity',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-4',
    use: ({ target }) => ({
      to: target.replace(/\.(code|unit)$/, ''),
      type: 'CWE[Quantity]',
      when: target.includes('.low') ? 'RXO-2 numeric and RXO-3 numeric' : 'RXO-3 numeric',
    }),
    because: 'a code of a unit needs its system',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-12',
    use: { to: 'dispenseRequest.quantity', type: 'CWE[Quantity]', when: 'RXO-11 numeric' },
    because: 'a code of a unit needs its system',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-14',
    use: { when: 'ORC-12 absent' },
    because: 'ORC names the requester',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-18',
    use: { to: `${STRENGTH}.numerator.value`, when: 'RXO-18 numeric' },
    because: 'a strength is a number',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-19',
    use: { to: `${STRENGTH}.numerator`, type: 'CWE[Quantity]', when: 'RXO-18 numeric' },
    because: 'a code of a unit needs its system',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-25',
    use: { to: `${STRENGTH}.denominator.value`, when: 'RXO-18 numeric and RXO-25 numeric' },
    because: 'a ratio needs a numerator',
  },
  {
    map: 'RXO[MedicationRequest]',
    source: 'RXO-26',
    use: {
      to: `${STRENGTH}.denominator`,
      type: 'CWE[Quantity]',
      when: 'RXO-18 numeric and RXO-25 numeric',
    },
    because: 'a code of a unit needs its system',
  },
  {
    map: 'RXR[MedicationRequest]',
    source: /^RXR-[12]$/,
    use: { type: 'CWE[CodeableConcept]' },
    because: 'a CodeableConcept',
  },
  { map: 'SFT[Device]', target: 'type', leaveOut: 'no code for software' },
]

const APPOINTMENTS: readonly RuleCorrection[] = [
  { map: /^AI[GLPS]\[/, source: /^(AIG-9|AIG-11|AIL-7|AIL-9|AIP-7|AIP-9|AIS-5|AIS-7)$/, leaveOut: COMPUTED },
  {
    map: 'AIS[Appointment]',
    source: 'AIS-4',
    use: { to: 'start', when: 'SCH-11.4 absent' },
    because: 'the service is no participant',
  },
  {
    map: 'AIS[Appointment]',
    source: 'AIS-10',
    use: { to: 'status', when: 'SCH-25 absent and not MSH-9.2 in ("S15", "S17", "S26")', type: 'CWE[code]' },
    because: 'a code',
  },
  {
    map: /^AI[PGL]\[Appointment\]$/,
    source: 'AIP-4',
    use: { value: '' },
    because: 'the value set is no value',
  },
  { map: 'AIP[Appointment]', source: 'AIP-12', leaveOut: 'no vocabulary is given' },
  {
    map: 'SCH[Appointment]',
    source: /^SCH-(12|16)$/,
    target: /coding\.code$/,
    use: ({ source }) => ({
      to: source === 'SCH-12' ? 'participant[1].type.text' : 'participant[2].type.text',
      value: source === 'SCH-12' ? '"placer contact"' : '"filler contact"',
    }),
    because: 'no code exists',
  },
  { map: 'SCH[Appointment]', source: /^SCH-(12|16)$/, target: /coding\.system$/, leaveOut: 'no code exists' },
  {
    map: 'SCH[Appointment]',
    source: 'SCH-20',
    target: /coding\.code$/,
    use: { to: 'participant[3].type.coding.code', value: '"enterer"' },
    because: 'a constant without quotes',
  },
  {
    map: 'SCH[Appointment]',
    source: 'SCH-20',
    target: /coding\.system$/,
    use: {
      to: 'participant[3].type.coding.system',
      value: '"http://terminology.hl7.org/CodeSystem/provenance-participant-type"',
    },
    because: 'a constant without quotes',
  },
  { map: 'SCH[Appointment]', source: /^SCH-(26|27)$/, leaveOut: REFERENCE },
  {
    map: 'SCH[ServiceRequest]',
    source: 'SCH-25',
    leaveOut: 'the status of an appointment is not that of an order',
  },
  {
    map: /^PRT\[Device\]$/,
    target: /^udiCarrier/,
    use: { to: '$this' },
    because: 'the table fills the carrier',
  },
  {
    map: 'SCH[ServiceRequest]',
    source: 'SCH-26',
    use: { type: 'EI[Identifier-Extension]' },
    because: 'an EI',
  },
  {
    map: 'SCH[ServiceRequest]',
    source: 'SCH-6',
    use: { from: 'SCH' },
    because: 'an order also without a reason',
  },
]

export const orders: readonly RuleCorrection[] = [...ORDERS, ...APPOINTMENTS]
