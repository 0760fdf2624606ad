import { expect, test } from 'vitest'

import { parseExactObject } from '../kernel/json.ts'
import { identifiersOf, withKnownIds } from './known.ts'

test('a resource and what refers to it get the known id; decimals keep their digits', () => {
  const known = new Map([['Patient/made', 'stored']])
  const text = `{"resourceType":"Observation","id":"made","subject":{"reference":"Patient/made"},"note":[{"text":"Patient/made"}],
    "performer":[{"reference":"Patient/made-up"}],"valueQuantity":{"value":1.10}}`
  const observation = withKnownIds(parseExactObject(text), known)
  expect(observation.value).toMatchObject({
    id: 'made',
    subject: { reference: 'Patient/stored' },
    performer: [{ reference: 'Patient/made-up' }],
  })
  expect(JSON.stringify(observation.exact)).toContain('"value":1.10')
  const patient = { resourceType: 'Patient', id: 'made' }
  expect(withKnownIds({ value: patient, exact: patient }, known).exact['id']).toBe('stored')
})

test('only people, places and visits are looked for, and only by identifiers with a system', () => {
  const identifier = [{ system: 'urn:a', value: '1' }, { value: '2' }]
  const of = (type: string) =>
    identifiersOf([{ type, id: 'x', resource: { resourceType: type, identifier } }])
  expect(of('Patient')).toEqual([{ type: 'Patient', id: 'x', system: 'urn:a', value: '1' }])
  expect(of('Observation')).toEqual([])
})

test('a temporary number names nobody for good, nor a movement the visit of its number', () => {
  const identifier = [{ system: 'urn:a', value: '1', use: 'temp' }]
  expect(identifiersOf([{ type: 'Patient', id: 'x', resource: { identifier } }])).toEqual([])
  const movement = { identifier: [{ system: 'urn:a', value: '1' }], partOf: { reference: 'Encounter/visit' } }
  expect(identifiersOf([{ type: 'Encounter', id: 'x', resource: movement }])).toEqual([])
})
