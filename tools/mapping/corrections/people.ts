/** Corrections of tables about the patient and next of kin. */
import type { RuleCorrection } from '../corrections.ts'

const PATIENT: readonly RuleCorrection[] = [
  {
    map: 'PID[Patient]',
    source: 'PID-12',
    target: 'address[2].district',
    leaveOut: 'no address is made of a district alone',
  },
  {
    map: 'PID[Patient]',
    source: 'PID-19',
    target: 'identifier[4].system',
    use: { when: 'switch social-security-number = "us"', value: '"http://hl7.org/fhir/sid/us-ssn"' },
    because: 'only a number of the United States has this system',
  },
  { map: 'PID[Patient]', target: 'local implementation', leaveOut: 'differs by country; none in Europe' },
  { map: 'PID[Patient]', source: 'PID-21', leaveOut: 'the identifier of the mother alone makes no person' },
  {
    map: 'PD1[Observation-LivingWill]',
    source: 'PD1-7',
    use: { type: 'CWE[CodeableConcept]' },
    because: 'a CodeableConcept',
  },
  { map: 'NK1[Patient]', source: 'NK1-2', use: { from: 'NK1-2[1]' }, because: 'a contact has one name' },
  { map: 'NK1[Patient]', source: 'NK1-4', use: { from: 'NK1-4[1]' }, because: 'a contact has one address' },
  {
    map: 'NK1[RelatedPerson]',
    source: 'NK1-37',
    target: 'identifier[3].system',
    use: { when: 'switch social-security-number = "us"' },
    because: 'only a number of the United States has this system',
  },
]

export const people: readonly RuleCorrection[] = [...PATIENT]
