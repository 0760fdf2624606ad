import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions, makeValidator } from '../index.ts'

const { validate, review } = makeValidator(loadDefinitions())

/** Issues as `type expression`. */
const problems = (resource: JsonObject): string[] =>
  validate(resource, String(resource['resourceType'])).map(
    ({ type, expression }) => `${type} ${expression!.join()}`,
  )

const patient = (more: JsonObject): JsonObject => ({ resourceType: 'Patient', ...more })
const bundle = (fullUrl: string): JsonObject => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: [{ fullUrl, resource: { resourceType: 'Patient', id: '1' } }],
})
const organization = (id: string): JsonObject => ({ resourceType: 'Organization', id, name: 'x' })
const range = (low: JsonObject): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  referenceRange: [{ low }],
})
const team = (participant: JsonObject, contained: JsonObject[] = []): JsonObject => ({
  resourceType: 'CareTeam',
  participant: [{ ...participant, onBehalfOf: { reference: 'Organization/1' } }],
  ...(contained.length > 0 && { contained }),
})

describe('what R4 says in words', () => {
  test.each<[string, JsonObject, string[]]>([
    ['an extension with an absolute url', patient({ extension: [{ url: 'urn:x', valueCode: 'y' }] }), []],
    [
      'one with a relative url',
      patient({ extension: [{ url: 'x', valueCode: 'y' }] }),
      ['value Patient.extension[0].url'],
    ],
    [
      'a relative url inside an extension',
      patient({ modifierExtension: [{ url: 'urn:x', extension: [{ url: 'y', valueCode: 'z' }] }] }),
      [],
    ],
    [
      'a relative url on the value of an extension',
      patient({
        extension: [{ url: 'urn:x', valuePeriod: { extension: [{ url: 'y', valueCode: 'z' }] } }],
      }),
      ['value Patient.extension[0].value.ofType(Period).extension[0].url'],
    ],
    [
      'the id of an element twice',
      patient({ name: [{ id: 'a' }], _birthDate: { id: 'a' } }),
      ['structure Patient.birthDate.id'],
    ],
    [
      'the id of an element, of the resource and of one that is contained',
      patient({
        id: 'a',
        name: [{ id: 'a' }],
        contained: [{ ...organization('a'), contact: [{ id: 'a' }] }],
        managingOrganization: { reference: '#a' },
      }),
      [],
    ],
    [
      'the id of a contained resource twice',
      patient({
        contained: [organization('a'), organization('a')],
        managingOrganization: { reference: '#a' },
      }),
      ['structure Patient.contained[1].id'],
    ],
    ['a fullUrl of its resource', bundle('https://x.example/fhir/Patient/1'), []],
    ['a fullUrl that says no id', bundle('urn:uuid:c757873d-ec9a-4326-a141-556f43239520'), []],
    [
      'a fullUrl of another resource',
      bundle('https://x.example/fhir/Patient/2'),
      ['value Bundle.entry[0].fullUrl'],
    ],
    [
      'a currency',
      { resourceType: 'Invoice', status: 'issued', totalNet: { value: 1, currency: 'EUR' } },
      [],
    ],
    [
      'no currency',
      { resourceType: 'Invoice', status: 'issued', totalNet: { value: 1, currency: 'XXQ' } },
      ['code-invalid Invoice.totalNet.currency'],
    ],
    ['a simple quantity', range({ value: 1 }), []],
    [
      'a simple quantity with a comparator (sqty-1)',
      range({ value: 1, comparator: '<' }),
      ['invariant Observation.referenceRange[0].low'],
    ],
    [
      'a practitioner on behalf of an organization (ctm-1)',
      team({ member: { reference: 'Practitioner/1' } }),
      [],
    ],
    ['somebody on its behalf', team({ member: { display: 'x' } }), []],
    [
      'a patient on its behalf',
      team({ member: { reference: 'Patient/1' } }),
      ['invariant CareTeam.participant[0]'],
    ],
    [
      'a contained patient on its behalf',
      team({ member: { reference: '#p' } }, [{ resourceType: 'Patient', id: 'p' }]),
      ['invariant CareTeam.participant[0]'],
    ],
    [
      'a reference that says the type of its literal',
      patient({ managingOrganization: { reference: 'Organization/1', type: 'Organization' } }),
      [],
    ],
    [
      'a reference that says another type than its literal',
      patient({ generalPractitioner: [{ reference: 'Organization/1', type: 'Practitioner' }] }),
      ['value Patient.generalPractitioner[0].type'],
    ],
  ])('%s', (_what, resource, expected) => expect(problems(resource)).toEqual(expected))
})

test('what is no MIME type is a warning of a review', () => {
  const attached = (contentType: string): JsonObject => ({
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType, url: 'https://x.example/d' } }],
  })
  const place = 'DocumentReference.content[0].attachment.contentType'
  const found = (contentType: string) =>
    review(attached(contentType), 'DocumentReference').filter(({ type }) => type === 'code-invalid')
  expect(validate(attached('TX'), 'DocumentReference')).toEqual([])
  expect(found('TX')).toMatchObject([{ severity: 'warning', expression: [place] }])
  expect(found('text/html; charset=utf-8')).toEqual([])
})
