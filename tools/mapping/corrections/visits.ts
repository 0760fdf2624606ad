/** Corrections of tables about visits, care teams, diagnoses, allergies, procedures and insurance. */
import type { RuleCorrection } from '../corrections.ts'
import { translateTarget } from '../targets.ts'

const ENCOUNTER: readonly RuleCorrection[] = [
  {
    map: 'PV1[Encounter]',
    source: 'PV1-2',
    target: 'status',
    use: { to: 'status?', type: 'CWE[code]' },
    because: 'the class says what the status is when the event does not',
  },
  {
    map: 'PV1[Encounter]',
    source: 'PV1-8',
    target: /individual/,
    use: { value: '' },
    because: 'a misplaced constant',
  },
  {
    map: 'PV1[Encounter]',
    source: 'PV1-19',
    target: 'identifier[1].type.text',
    leaveOut: 'the code says it',
  },
  {
    map: 'PV1[Encounter]',
    source: 'PV1-37',
    use: { value: '' },
    because: 'the reference is made by the path',
  },
  { map: 'PV1[Encounter]', source: 'PV1-40', use: { type: 'ID[Coding]' }, because: 'a Coding' },
  {
    map: 'PV1[Encounter]',
    source: 'PV1-42',
    target: /location\(Location\)/,
    use: { value: '' },
    because: 'the constant belongs to the next row',
  },
  {
    map: 'PV1[Encounter]',
    source: 'PV1-42',
    target: 'location[4].status',
    use: { value: '"reserved"' },
    because: 'the constant stood one row above',
  },
  {
    map: 'PV2[Encounter]',
    source: 'PV2-9',
    target: 'extension[2].valueDateTime',
    use: {
      to: 'extension("http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate").valueDateTime',
    },
    because: 'a slip in the url',
  },
  { map: 'PV2[Encounter]', source: 'PV2-12', leaveOut: 'a narrative is not made of a comment' },
  {
    map: 'PV2[Encounter]',
    source: 'PV2-13',
    use: ({ target }) => ({
      to: target.replace('participant.', 'participant[1].').replace('(Practitioner)', '>Practitioner'),
    }),
    because: 'each doctor has a role',
  },
  { map: 'PV2[Encounter]', source: 'PV2-22', leaveOut: 'yes or no is no security label' },
  {
    map: 'ROL[Encounter-PractitionerRole]',
    source: 'ROL-1',
    target: 'participant[1].individual.reference',
    leaveOut: 'an identifier is no reference',
  },
  {
    map: 'ROL[Encounter-PractitionerRole]',
    source: 'ROL-1',
    use: { to: 'participant[1].individual>PractitionerRole.identifier', type: 'EI[Identifier-Extension]' },
    because: 'an EI',
  },
  {
    map: 'ROL[CareTeam]',
    source: 'ROL-4',
    target: /Patient|RelatedPerson/,
    leaveOut: 'who is in a ROL is taken for a practitioner',
  },
  { map: 'ROL[CareTeam]', source: 'ROL-10', leaveOut: 'a kind of organization alone makes no organization' },
  {
    map: 'PRT[CareTeam]',
    target: /coveragePeriod/,
    use: ({ target }) => ({ to: target.replace('coveragePeriod', 'period') }),
    because: 'the name in R4',
  },
  { map: 'PRT[CareTeam]', target: /RelatedPerson/, leaveOut: 'who is in a PRT is taken for a practitioner' },
  {
    map: 'PRT[CareTeam]',
    target: /PractitionerRole\.address/,
    use: { to: 'participant.member>PractitionerRole.practitioner>Practitioner.address' },
    because: 'a role has no address',
  },
  {
    map: 'PRT[CareTeam]',
    target: /participant\[[13]\]/,
    use: ({ target }) => ({ to: translateTarget(target.replace(/participant\[\d\]/, 'participant')).to }),
    because: 'one participant has the role, the period and the member',
  },
  { map: /^PRT\[Patient-General/, target: 'Operation', leaveOut: 'the message is taken as a whole' },
  {
    map: 'PRT[Observation-Location]',
    source: 'PRT-14',
    target: /valueReference/,
    use: {
      to: 'extension("http://hl7.org/fhir/StructureDefinition/event-location").valueReference>Location.address',
    },
    because: 'the address of that location',
  },
]

const DIAGNOSES: readonly RuleCorrection[] = [
  {
    map: 'DG1[Condition]',
    source: 'DG1-19',
    target: /valueDateTime/,
    use: { to: 'extension("http://hl7.org/fhir/StructureDefinition/condition-assertedDate").valueDateTime' },
    because: 'the url of the extension',
  },
  {
    map: /^DG1\[(Encounter|EpisodeOfCare)\]$/,
    target: /^diagnosis\.condition/,
    leaveOut: 'the Condition is made by DG1[Condition]',
  },
  {
    map: 'DG1[Condition]',
    source: 'DG1-3',
    use: { when: 'DG1-3.3 valued or DG1-2 absent' },
    because: 'a code without a system is of the system in DG1-2',
  },
  { map: /^DG1\[/, source: 'DG1-21', use: { when: 'DG1-21 = "D"' }, because: 'only a deletion is an error' },
  {
    map: 'DG1[Condition]',
    source: 'DG1-22',
    target: /valueReference/,
    use: {
      to: 'extension("http://hl7.org/fhir/StructureDefinition/condition-dueTo").valueReference.identifier',
      type: 'EI[Identifier-Extension]',
    },
    because: 'the other Condition is known by its identifier alone',
  },
  {
    map: /^(AL1|IAM)\[AllergyIntolerance\]$/,
    source: /^(AL1|IAM)-5$/,
    use: { to: 'reaction.manifestation', type: 'ST[CodeableConcept]' },
    because: 'a CodeableConcept',
  },
  {
    map: 'IAM[AllergyIntolerance]',
    source: 'IAM-14',
    condition: 'SEL',
    leaveOut: 'the patient is known from PID',
  },
  {
    map: 'IAM[AllergyIntolerance]',
    source: '',
    use: { when: 'IAM-6.1 != "D" and not IAM-17.1 in ("E", "I")' },
    because: 'an entry that was deleted or an error has no clinical status (ait-2)',
  },
  {
    map: 'IAM[AllergyIntolerance]',
    source: 'IAM-17',
    leaveOut: 'table 0438 says how sure it is: verificationStatus',
  },
  { map: 'PR1[Procedure]', source: 'PR1', use: { value: '"unknown"' }, because: 'the message does not say' },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-3',
    use: { when: 'PR1-3.3 valued or PR1-2 absent' },
    because: 'a code without a system is of the system in PR1-2',
  },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-5',
    target: 'performedPeriod.start',
    use: { when: 'PR1-7 valued and PR1-5 length > 8' },
    because: 'a time to the minute, not a component',
  },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-5',
    condition: 'PR1-5.5',
    use: { when: 'PR1-7 valued and not PR1-5 length > 8' },
    because: 'a time to the minute, not a component',
  },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-7',
    use: { when: 'PR1-5 length > 8', type: '@after(5.1)', value: '' },
    because: 'the sum that the guide asks for',
  },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-16',
    use: { to: 'code.coding[modified].code', type: '', value: 'PR1-3.1 + ":" + PR1-16.1' },
    because: 'a coding beside the one without its modifier',
  },
  {
    map: 'PR1[Procedure]',
    source: 'PR1-25',
    use: { to: 'partOf.identifier', type: 'EI[Identifier-Extension]' },
    because: 'the other Procedure is known by its identifier alone',
  },
  { map: 'IN1[Coverage]', source: 'IN1-16', leaveOut: 'the subscriber is made by IN1[RelatedPerson]' },
  {
    map: 'IN1[Coverage]',
    source: 'IN1-10',
    target: /policyHolder/,
    leaveOut: 'the number of a policy holder alone makes no organization',
  },
  { map: 'IN3[CareTeam]', leaveOut: 'a role without a person' },
]

export const visits: readonly RuleCorrection[] = [...ENCOUNTER, ...DIAGNOSES]
