/** For tests: profiles in the manner of national ones, by their differentials. Made up; nobody publishes them. */
import type { Json, JsonObject } from '../../../kernel/json.ts'

export const OWN = 'https://cabinet.example/fhir/StructureDefinition/'
const R4 = 'http://hl7.org/fhir/StructureDefinition/'

/** @param differential elements; ids are left out where the order says enough */
export function structure(
  name: string,
  type: string,
  differential: readonly JsonObject[],
  more: JsonObject = {},
): JsonObject {
  return {
    resourceType: 'StructureDefinition',
    id: name,
    url: OWN + name,
    name: name.replaceAll('-', '_'),
    status: 'active',
    fhirVersion: '4.0.1',
    kind: definesDataType(type) ? 'complex-type' : 'resource',
    abstract: false,
    ...(type === 'Extension' && { context: [{ type: 'element', expression: 'Element' }] }),
    type,
    baseDefinition: R4 + type,
    derivation: 'constraint',
    ...more,
    differential: {
      element: differential.map((element, i) => ({ id: `${type}-${i}`, ...element })) as Json[],
    },
  }
}

function definesDataType(type: string): boolean {
  return type === 'Extension' || type === 'Identifier' || type === 'Quantity'
}

const IDENTIFIER_TYPE = 'https://cabinet.example/fhir/CodeSystem/identifier-type'

/** A national identity number is told from others by the type of the identifier. */
export const frenchPatient = structure('fr-patient', 'Patient', [
  {
    path: 'Patient',
    constraint: [rule('fr-1', 'A name or an identifier', 'name.exists() or identifier.exists()')],
  },
  { path: 'Patient.extension', slicing: { discriminator: [by('value', 'url')], rules: 'open' } },
  {
    path: 'Patient.extension',
    sliceName: 'birth-place',
    max: '1',
    type: [{ code: 'Extension', profile: [`${OWN}birth-place`] }],
  },
  {
    path: 'Patient.identifier',
    min: 1,
    slicing: { discriminator: [by('pattern', 'type')], rules: 'open' },
  },
  { path: 'Patient.identifier', sliceName: 'ins', min: 0, max: '1' },
  {
    path: 'Patient.identifier.type',
    min: 1,
    patternCodeableConcept: { coding: [{ system: IDENTIFIER_TYPE, code: 'INS-NIR' }] },
  },
  { path: 'Patient.identifier.system', min: 1, fixedUri: 'urn:oid:1.2.250.1.213.1.4.8' },
  { path: 'Patient.identifier.value', min: 1, maxLength: 15 },
  { path: 'Patient.identifier', sliceName: 'local', min: 1 },
  {
    path: 'Patient.identifier.type',
    patternCodeableConcept: { coding: [{ system: IDENTIFIER_TYPE, code: 'PI' }] },
  },
  { path: 'Patient.name', min: 1 },
  { path: 'Patient.birthDate', min: 1, minValueDate: '1900-01-01' },
  { path: 'Patient.photo', max: '0' },
  {
    path: 'Patient.generalPractitioner',
    type: [{ code: 'Reference', targetProfile: [`${R4}Practitioner`] }],
  },
])

export const identifierOf = (code: string, value: string, system?: string): JsonObject => ({
  type: { coding: [{ system: IDENTIFIER_TYPE, code }] },
  ...(system !== undefined && { system }),
  value,
})

export const birthPlace = structure('birth-place', 'Extension', [
  { path: 'Extension.extension', max: '0' },
  { path: 'Extension.url', fixedUri: `${OWN}birth-place` },
  { path: 'Extension.value[x]', min: 1, type: [{ code: 'Address' }] },
  { path: 'Extension.value[x].city', min: 1 },
])

export const LOINC = 'http://loinc.org'

/** Components are told apart by their code, the value is a quantity in one unit. */
export const bloodPressure = structure('blood-pressure', 'Observation', [
  { path: 'Observation.code', patternCodeableConcept: { coding: [{ system: LOINC, code: '85354-9' }] } },
  { path: 'Observation.value[x]', max: '0' },
  {
    path: 'Observation.component',
    min: 2,
    slicing: { discriminator: [by('pattern', 'code')], rules: 'open' },
  },
  ...['8480-6', '8462-4'].flatMap((code, i) => [
    { path: 'Observation.component', sliceName: ['systolic', 'diastolic'][i]!, min: 1, max: '1' },
    { path: 'Observation.component.code', patternCodeableConcept: { coding: [{ system: LOINC, code }] } },
    { path: 'Observation.component.value[x]', type: [{ code: 'Quantity' }] },
    { path: 'Observation.component.value[x].code', min: 1, fixedCode: 'mm[Hg]' },
  ]),
])

/** One rule for quantities and another for texts. */
export const result = structure('result', 'Observation', [
  {
    path: 'Observation.value[x]',
    slicing: { discriminator: [by('type', '$this')], rules: 'closed' },
  },
  { path: 'Observation.value[x]', sliceName: 'valueQuantity', type: [{ code: 'Quantity' }] },
  { path: 'Observation.valueQuantity.code', min: 1 },
  { path: 'Observation.value[x]', sliceName: 'valueString', type: [{ code: 'string' }] },
  { path: 'Observation.valueString', maxLength: 20 },
])

export function rule(key: string, human: string, expression: string, severity = 'error'): JsonObject {
  return { key, severity, human, expression }
}

export function by(type: string, path: string): JsonObject {
  return { type, path }
}
