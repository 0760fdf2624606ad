/** _filter. https://hl7.org/fhir/R4/search_filter.html */
import { judge, type Sample } from './judge.ts'

const patient = (id: string, fields: Record<string, unknown>): Sample => ({
  resourceType: 'Patient',
  id,
  ...fields,
})
const observation = (id: string, fields: Record<string, unknown>): Sample => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '1234-5' }] },
  ...fields,
})
const UCUM = 'http://unitsofmeasure.org'

judge(
  '_filter',
  [
    patient('peter', {
      name: [{ given: ['Peter', 'James'], family: 'Chalmers' }],
      gender: 'male',
      birthDate: '1974-12-25',
      active: true,
    }),
    patient('pet', {
      name: [{ given: ['Pet'], family: 'Smith' }],
      gender: 'female',
      birthDate: '2015-01-01',
      active: true,
    }),
    patient('anna', {
      name: [{ given: ['Anna'], family: 'Adams' }],
      birthDate: '1990',
      managingOrganization: { reference: 'Organization/org' },
    }),
    patient('bare', { gender: 'unknown' }),
    { resourceType: 'Organization', id: 'org', name: 'Org (with [brackets]) and "quotes"' },
    {
      resourceType: 'CodeSystem',
      id: 'cs',
      status: 'active',
      url: 'http://acme.org/cs',
      content: 'complete',
      hierarchyMeaning: 'is-a',
      concept: [{ code: 'animal', concept: [{ code: 'dog' }] }],
    },
    observation('lab', {
      subject: { reference: 'Patient/peter' },
      valueQuantity: { value: 160, unit: 'mmol/L', system: UCUM, code: 'mmol/L' },
      effectiveDateTime: '2024-05-01',
    }),
    observation('span', {
      subject: { reference: 'Patient/pet' },
      effectivePeriod: { start: '2024-01-01', end: '2024-12-31' },
      status: 'amended',
    }),
    observation('dog', {
      subject: { reference: 'Patient/anna' },
      code: { coding: [{ system: 'http://acme.org/cs', code: 'dog' }] },
    }),
    observation('animal', { code: { coding: [{ system: 'http://acme.org/cs', code: 'animal' }] } }),
  ],
  [
    // the examples of the page
    ['Patient?_filter=name co "pet"', 'pet peter'],
    ['Patient?_filter=given eq "peter" and birthdate ge 1974-10-10', 'peter'],
    ['Observation?_filter=code eq http://loinc.org|1234-5', 'lab span'],
    ['Observation?_filter=subject.name co "pet"', 'lab span'],
    ['Observation?_filter=subject:Patient.name co "pet"', 'lab span'],
    ['Patient?_filter=_has:Observation:patient:code eq http://loinc.org|1234-5', 'pet peter'],
    // "the codes loinc, snomed, rxnorm and ucum are predefined"
    ['Observation?_filter=code eq loinc|1234-5', 'lab span'],
    // strings: "Character sequence is the same (case insensitive)"
    ['Patient?_filter=given eq peter', 'peter'],
    ['Patient?_filter=given eq PETER', 'peter'],
    ['Patient?_filter=given eq pete', ''],
    ['Patient?_filter=given sw pet', 'pet peter'],
    ['Patient?_filter=given ew er', 'peter'],
    ['Patient?_filter=family co dam', 'anna'],
    // "An item in the set has an unequal value"
    ['Patient?_filter=given ne peter', 'anna pet peter'],
    ['Patient?_filter=family ne chalmers', 'anna pet'],
    ['Patient?_filter=gender ne male', 'bare pet'],
    ['Patient?_filter=birthdate ne 1990', 'pet peter'],
    ['Observation?_filter=status ne final', 'span'],
    // order: "Logical expressions are evaluated left to right, with no precedence between and and or"
    ['Patient?_filter=gender eq male or gender eq female and birthdate ge 2000', 'pet'],
    ['Patient?_filter=gender eq male or (gender eq female and birthdate ge 2000)', 'pet peter'],
    ['Patient?_filter=birthdate ge 2000 and gender eq female or gender eq male', 'pet peter'],
    ['Patient?_filter=not (gender eq male)', 'anna bare pet'],
    ['Patient?_filter=not (gender eq male) and birthdate pr true', 'anna pet'],
    ['Patient?_filter=not (gender eq male or gender eq female)', 'anna bare'],
    ['Patient?_filter=((gender eq male))', 'peter'],
    // pr: "The set is empty or not"
    ['Patient?_filter=gender pr true', 'bare pet peter'],
    ['Patient?_filter=gender pr false', 'anna'],
    ['Observation?_filter=value-quantity pr true', 'lab'],
    // numbers, dates, quantities
    ['Observation?_filter=date ge 2024-06', 'span'],
    ['Observation?_filter=date po 2024-05', 'lab span'],
    ['Observation?_filter=date po 2024-07', 'span'],
    ['Observation?_filter=date co 2024-05-01', 'lab span'],
    ['Observation?_filter=date co 2024-05', 'span'],
    ['Observation?_filter=date sa 2024-04', 'lab'],
    ['Observation?_filter=date eb 2024-06', 'lab'],
    [`Observation?_filter=value-quantity gt 150|${UCUM}|mmol/L`, 'lab'],
    [`Observation?_filter=value-quantity gt 150|ucum|mmol/L`, 'lab'],
    ['Observation?_filter=value-quantity lt 150', ''],
    ['Observation?_filter=code-value-quantity eq loinc|1234-5$gt150', 'lab'],
    // tokens: subsumption
    ['Observation?_filter=code ss http://acme.org/cs|animal', 'animal dog'],
    ['Observation?_filter=code ss http://acme.org/cs|dog', 'dog'],
    ['Observation?_filter=code sb http://acme.org/cs|dog', 'animal dog'],
    ['Observation?_filter=code sb http://acme.org/cs|animal', 'animal'],
    ['Patient?_filter=gender in http://hl7.org/fhir/ValueSet/administrative-gender', 'bare pet peter'],
    ['Patient?_filter=gender ni http://hl7.org/fhir/ValueSet/administrative-gender', 'anna'],
    // references
    ['Observation?_filter=subject re Patient/peter', 'lab'],
    ['Observation?_filter=patient eq Patient/peter', 'lab'],
    ['Patient?_filter=organization re Organization/org', 'anna'],
    // paths with filters
    ['Observation?_filter=patient[gender eq male].birthdate lt 1980', 'lab'],
    ['Observation?_filter=patient[gender eq female or gender eq male].name co "pet"', 'lab span'],
    ['Observation?_filter=patient.organization.name co "org"', 'dog'],
    ['Patient?_filter=organization.name eq "Org (with [brackets]) and \\"quotes\\""', 'anna'],
    // beside other parameters
    ['Patient?_filter=name co "pet"&gender=female', 'pet'],
    ['Patient?_filter=name co "pet"&_filter=gender eq male', 'peter'],
    ['Patient?_filter=_id eq peter', 'peter'],
    ['Patient?_filter=_lastUpdated gt 2020-01-01 and active eq true', 'pet peter'],
    // what is wrong
    ['Patient?_filter=name', 400],
    ['Patient?_filter=name co', 400],
    ['Patient?_filter=name xx "a"', 400],
    ['Patient?_filter=name co "a" and', 400],
    ['Patient?_filter=name co "a" "b"', 400],
    ['Patient?_filter=(name co "a"', 400],
    ['Patient?_filter=name co "a")', 400],
    ['Patient?_filter=name co "a', 400],
    ['Patient?_filter=nothing eq a', 400],
    ['Patient?_filter=birthdate gt soon', 400],
    ['Patient?_filter=gender pr maybe', 400],
    ['Patient?_filter=not gender eq male', 400],
    ['Patient?_filter=name[gender eq male].x eq y', 400],
    ['Patient?_filter=and', 400],
    ['Patient?_filter=()', 400],
    ['Patient?_filter=' + '('.repeat(3000) + 'gender eq male' + ')'.repeat(3000), 400],
  ],
)
