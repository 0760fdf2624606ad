/** Composite parameters. https://hl7.org/fhir/R4/search.html#combining */
import { judge, type Sample } from './judge.ts'

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const coded = (...codings: readonly string[]) => ({
  coding: codings.map((text) => ({ system: text.split('|')[0], code: text.split('|')[1] })),
})
const quantity = (value: number, code: string) => ({ value, unit: code, system: UCUM, code })
const observation = (id: string, fields: Record<string, unknown>): Sample => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  ...fields,
})

judge(
  'composites',
  [
    observation('apgar', {
      code: coded('http://snomed.info/sct|443849008'),
      valueQuantity: quantity(10, '{score}'),
      component: [
        {
          code: coded('http://snomed.info/sct|249227004'),
          valueCodeableConcept: coded('http://loinc.org/la|LA6724-4', 'http://acme.ped/apgarcolor|2'),
        },
        {
          code: coded('http://snomed.info/sct|249223000'),
          valueCodeableConcept: coded('http://loinc.org/la|LA6725-1'),
        },
      ],
    }),
    observation('temperature', {
      code: coded(`${LOINC}|8310-5`, `${LOINC}|8331-1`, 'http://snomed.info/sct|56342008'),
      valueQuantity: quantity(39, 'Cel'),
    }),
    observation('pressure', {
      code: coded(`${LOINC}|85354-9`),
      component: [
        { code: coded(`${LOINC}|8480-6`), valueQuantity: quantity(107, 'mm[Hg]') },
        { code: coded(`${LOINC}|8462-4`), valueQuantity: quantity(60, 'mm[Hg]') },
      ],
    }),
    observation('eyes', { code: coded('http://snomed.info/sct|162806009'), valueString: 'Blue' }),
    observation('when', { code: coded(`${LOINC}|1-1`), valueDateTime: '2018-10-29T12:00:00+01:00' }),
    {
      resourceType: 'DocumentReference',
      id: 'appends',
      status: 'current',
      content: [{ attachment: { url: 'http://x' } }],
      relatesTo: [{ code: 'appends', target: { reference: 'DocumentReference/base' } }],
    },
    {
      resourceType: 'DocumentReference',
      id: 'mixed',
      status: 'current',
      content: [{ attachment: { url: 'http://x' } }],
      relatesTo: [
        { code: 'replaces', target: { reference: 'DocumentReference/base' } },
        { code: 'appends', target: { reference: 'DocumentReference/third' } },
      ],
    },
    {
      resourceType: 'DocumentReference',
      id: 'base',
      status: 'current',
      content: [{ attachment: { url: 'http://x' } }],
    },
    {
      resourceType: 'DocumentReference',
      id: 'third',
      status: 'current',
      content: [{ attachment: { url: 'http://x' } }],
    },
    {
      resourceType: 'Group',
      id: 'group',
      type: 'person',
      actual: false,
      characteristic: [
        { code: coded('urn:c|gender'), valueCodeableConcept: coded('urn:v|mixed'), exclude: false },
        { code: coded('urn:c|owner'), valueCodeableConcept: coded('urn:v|Eve'), exclude: false },
        { code: coded('urn:c|smoker'), valueBoolean: true, exclude: false },
      ],
    },
    {
      resourceType: 'Questionnaire',
      id: 'focused',
      status: 'active',
      useContext: [
        {
          code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'focus' },
          valueCodeableConcept: coded('http://snomed.info/sct|408934002'),
        },
        {
          code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'age' },
          valueQuantity: quantity(5, 'a'),
        },
      ],
    },
    {
      resourceType: 'DiagnosticReport',
      id: 'report',
      status: 'final',
      code: { text: 'x' },
      result: [{ reference: 'Observation/temperature' }],
    },
  ],
  [
    [
      'Observation?code-value-quantity=http://snomed.info/sct|443849008$10|http://unitsofmeasure.org|{score}',
      'apgar',
    ],
    ['Observation?code-value-quantity=443849008$10|http://unitsofmeasure.org|{score}', 'apgar'],
    ['Observation?code-value-quantity=http://snomed.info/sct|443849008$10', 'apgar'],
    ['Observation?code-value-quantity=http://snomed.info/sct|443849008$10||{score}', 'apgar'],
    ['Observation?code-value-quantity=443849008$eq10', 'apgar'],
    ['Observation?code-value-quantity=443849008$ne10', ''],
    ['Observation?code-value-quantity=443849008$lt10', ''],
    ['Observation?code-value-quantity=443849008$le10', 'apgar'],
    ['Observation?code-value-quantity=443849008$gt10', ''],
    ['Observation?code-value-quantity=443849008$ge10', 'apgar'],
    [`Observation?code-value-quantity=${LOINC}|8310-5$39|${UCUM}|Cel`, 'temperature'],
    [`Observation?code-value-quantity=${LOINC}|8331-1$39|${UCUM}|Cel`, 'temperature'],
    [`Observation?code-value-quantity=http://snomed.info/sct|56342008$gt38|${UCUM}|Cel`, 'temperature'],
    ['Observation?code-value-quantity=8310-5$39,443849008$10', 'apgar temperature'],
    ['Observation?code-value-quantity=8310-5$10', ''],
    ['Observation?combo-code-value-quantity=85354-9$107', ''],
    ['Observation?combo-code-value-quantity=8480-6$107', 'pressure'],
    ['Observation?combo-code-value-quantity=8480-6$60', ''],
    ['Observation?combo-code-value-quantity=8462-4$60', 'pressure'],
    ['Observation?combo-code-value-quantity=8310-5$39', 'temperature'],
    [`Observation?component-code-value-quantity=${LOINC}|8480-6$lt110`, 'pressure'],
    [`Observation?component-code-value-quantity=${LOINC}|8480-6$lt60`, ''],
    [`Observation?component-code-value-quantity=${LOINC}|$60`, 'pressure'],
    ['Observation?code-value-string=http://snomed.info/sct|162806009$blue', 'eyes'],
    ['Observation?code-value-string=162806009$bl', 'eyes'],
    ['Observation?code-value-string=http://snomed.info/sct|$blue', 'eyes'],
    ['Observation?code-value-string=162806009$red', ''],
    ['Observation?code-value-date=1-1$2018-10-29', 'when'],
    ['Observation?code-value-date=1-1$gt2018-10-29', ''],
    ['Observation?code-value-date=1-1$ge2018', 'when'],
    ['Observation?combo-code-value-concept=443849008$LA6724-4', ''],
    [
      'Observation?combo-code-value-concept=http://snomed.info/sct|249227004$http://loinc.org/la|LA6724-4',
      'apgar',
    ],
    ['Observation?combo-code-value-concept=249227004$http://acme.ped/apgarcolor|2', 'apgar'],
    ['Observation?combo-code-value-concept=249227004$LA6725-1', ''],
    ['Observation?combo-code-value-concept=249227004$|LA6724-4', ''],
    ['Observation?component-code-value-concept=249223000$LA6725-1', 'apgar'],
    ['DocumentReference?relationship=DocumentReference/base$appends', 'appends'],
    [
      'DocumentReference?relationship=DocumentReference/base$http://hl7.org/fhir/document-relationship-type|appends',
      'appends',
    ],
    ['DocumentReference?relationship=DocumentReference/base$replaces', 'mixed'],
    ['DocumentReference?relationship=DocumentReference/third$replaces', ''],
    [
      'DocumentReference?relationship=DocumentReference/base$appends,DocumentReference/base$replaces',
      'appends mixed',
    ],
    ['Group?characteristic-value=gender$mixed', 'group'],
    ['Group?characteristic-value=gender$Eve', ''],
    ['Group?characteristic-value=gender$x,owner$Eve', 'group'],
    ['Group?characteristic-value=smoker$true', 'group'],
    ['Questionnaire?context-type-value=focus$http://snomed.info/sct|408934002', 'focused'],
    ['Questionnaire?context-type-value=age$http://snomed.info/sct|408934002', ''],
    [`Questionnaire?context-type-quantity=age$5|${UCUM}|a`, 'focused'],
    ['DiagnosticReport?result.code-value-quantity=8310-5$gt38', 'report'],
    ['DiagnosticReport?result.code-value-quantity=8310-5$gt39', ''],
    ['Observation?code-value-quantity=8310-5', 400],
    ['Observation?code-value-quantity=8310-5$39$x', 400],
    ['Observation?code-value-quantity=8310-5$', 400],
    // "For all parameters (except combination)", "Modifiers are not used on composite parameters"
    ['Observation?code-value-quantity:missing=true', 400],
    ['Observation?code-value-quantity:not=8310-5$39', 400],
  ],
)
