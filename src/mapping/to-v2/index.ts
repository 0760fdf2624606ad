/** FHIR resources as HL7 v2. */
export { systemOf, type Namespaces } from './authority.ts'
export { identifiersOf as personIdentifiersOf, pidOf, type PatientOptions, type Placed } from './patient.ts'
