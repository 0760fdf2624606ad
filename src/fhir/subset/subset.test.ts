import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import type { Failure } from '../../kernel/failure.ts'
import { type JsonObject, parseExactObject, sameJson } from '../../kernel/json.ts'
import { loadDefinitions, makeSubsetter, makeValidator, parseSubset } from '../index.ts'
import { sampleResource } from '../testing/sample-resource.ts'

const definitions = loadDefinitions()
const subsetter = makeSubsetter(definitions)
const { validate } = makeValidator(definitions)

const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
}

/** What a query leaves of a resource, without the mark. */
function left(query: string, resource: JsonObject): JsonObject {
  const types = [resource['resourceType'] as string]
  const subset = parseSubset(new URLSearchParams(query), definitions, types)!
  const { meta, ...rest } = subsetter.resource(resource, subset)
  expect((meta as JsonObject)['tag']).toEqual([SUBSETTED])
  const { tag: _tag, ...others } = meta as JsonObject
  return Object.keys(others).length === 0 ? rest : { ...rest, meta: others }
}

const patient: JsonObject = {
  resourceType: 'Patient',
  id: 'p',
  meta: { versionId: '1' },
  implicitRules: 'urn:rules',
  language: 'fr',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' },
  contained: [{ resourceType: 'Organization', id: 'o' }],
  extension: [{ url: 'urn:x', valueBoolean: true }],
  modifierExtension: [{ url: 'urn:m', valueBoolean: true }],
  active: true,
  name: [{ id: 'n', family: 'F', extension: [{ url: 'urn:x', valueBoolean: true }] }],
  birthDate: '1970-01-01',
  _birthDate: { extension: [{ url: 'urn:t', valueTime: '10:00:00' }] },
  maritalStatus: { text: 'married' },
  contact: [{ name: { family: 'C' }, telecom: [{ value: '1' }] }],
  communication: [{ language: { text: 'fr' }, preferred: true }],
  managingOrganization: { reference: '#o' },
}

describe('_summary', () => {
  test('true leaves what the definitions mark, with modifier extensions whole', () => {
    expect(left('_summary=true', patient)).toEqual({
      resourceType: 'Patient',
      id: 'p',
      meta: { versionId: '1' },
      implicitRules: 'urn:rules',
      modifierExtension: patient['modifierExtension'],
      active: true,
      name: [{ family: 'F' }],
      birthDate: '1970-01-01',
      _birthDate: patient['_birthDate'],
      managingOrganization: { reference: '#o' },
    })
  })

  test('true goes into what is marked, and leaves nothing empty', () => {
    const observation: JsonObject = {
      resourceType: 'Observation',
      status: 'final',
      code: { extension: [{ url: 'urn:absent', valueCode: 'unknown' }] },
      note: [{ text: 'n' }],
      component: [{ code: { text: 'c' }, valueString: 'v', interpretation: [{ text: 'i' }] }],
    }
    expect(left('_summary=true', observation)).toEqual({
      resourceType: 'Observation',
      status: 'final',
      code: observation['code'],
      component: [{ code: { text: 'c' }, valueString: 'v' }],
    })
  })

  test('text leaves the narrative, id, meta and what is mandatory', () => {
    const { id, meta, text } = patient
    expect(left('_summary=text', patient)).toEqual({
      resourceType: 'Patient',
      id: id!,
      meta: meta!,
      text: text!,
    })
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'c' },
      valueString: 'v',
    }
    expect(left('_summary=text', observation)).toEqual({
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'c' },
    })
  })

  test('data leaves all but the narrative; false is no subset', () => {
    const { text: _text, ...data } = patient
    expect(left('_summary=data', patient)).toEqual(data)
    expect(parseSubset(new URLSearchParams('_summary=false'), definitions, ['Patient'])).toBeUndefined()
  })

  test.each(definitions.resourceTypes)('true and text leave a valid %s', (type) => {
    for (let seed = 0; seed < 4; seed++) {
      const resource = sampleResource(definitions, type, seed)
      if (validate(resource, type).length > 0) continue
      for (const query of ['_summary=true', '_summary=text', '_summary=data', '_elements=meta']) {
        const subset = parseSubset(new URLSearchParams(query), definitions, [type])!
        // Constraints between elements can't hold when one of the two is left out: only structure is asked for.
        const issues = validate(subsetter.resource(resource, subset), type).filter(
          ({ type: kind }) => kind !== 'invariant',
        )
        expect([query, issues]).toEqual([query, []])
      }
    }
  })
})

describe('_elements', () => {
  const always = { resourceType: 'Patient', id: 'p', meta: { versionId: '1' }, implicitRules: 'urn:rules' }
  const modifiers = { modifierExtension: patient['modifierExtension']!, active: true }

  test('leaves those named, with their extensions, and modifiers, id and meta', () => {
    const { birthDate, _birthDate, name } = patient
    expect(left('_elements=birthDate,name', patient)).toEqual({
      ...always,
      ...modifiers,
      name: name!,
      birthDate: birthDate!,
      _birthDate: _birthDate!,
    })
    expect(left('_elements=birthDate&_elements=Patient.name', patient)).toEqual(
      left('_elements=birthDate,name', patient),
    )
  })

  test('leaves what is mandatory', () => {
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'c' },
      valueString: 'v',
      issued: 'i',
    }
    expect(left('_elements=issued', observation)).toEqual({
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'c' },
      issued: 'i',
    })
  })

  test.each(['value', 'valueQuantity', 'value[x]', 'Observation.value'])('finds a choice as %s', (name) => {
    const observation = { resourceType: 'Observation', valueQuantity: { value: 1 } }
    expect(left(`_elements=${name}`, observation)).toEqual(observation)
  })

  test('goes into elements by a path, where what is mandatory stays too', () => {
    expect(left('_elements=contact.name,Patient.communication.preferred', patient)).toEqual({
      ...always,
      ...modifiers,
      contact: [{ name: { family: 'C' } }],
      communication: patient['communication'],
    })
  })

  test('of another type leave a resource whole and unmarked', () => {
    const subset = parseSubset(new URLSearchParams('_elements=Observation.code'), definitions, ['Patient'])!
    expect(subsetter.resource(patient, subset)).toBe(patient)
  })

  test('without a type are those of matches; of what is included, those with its type', () => {
    const entry = (mode: string, resource: JsonObject) => ({ resource, search: { mode } })
    const organization = { resourceType: 'Organization', id: 'o', name: 'O', alias: ['P'] }
    const outcome = { resourceType: 'OperationOutcome', issue: [] }
    const bundle = {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [entry('match', patient), entry('include', organization), entry('outcome', outcome)],
    }
    const cut = (query: string) =>
      (
        subsetter.entries(bundle, parseSubset(new URLSearchParams(query), definitions, ['Patient'])!)[
          'entry'
        ] as { resource: JsonObject }[]
      ).map(({ resource }) => Object.keys(resource).filter((key) => key !== 'resourceType'))
    const match = ['id', 'meta', 'implicitRules', 'modifierExtension', 'active', 'birthDate', '_birthDate']
    expect(cut('_elements=birthDate')).toEqual([match, ['id', 'name', 'alias'], ['issue']])
    expect(cut('_elements=birthDate,Organization.name')).toEqual([match, ['id', 'meta', 'name'], ['issue']])
  })
})

test('decimals keep their digits', () => {
  const { exact } = parseExactObject(
    '{"resourceType":"Observation","valueQuantity":{"value":1.10,"unit":"g"}}',
  )
  for (const query of ['_summary=true', '_summary=data', '_elements=value', '_elements=value.value']) {
    const subset = parseSubset(new URLSearchParams(query), definitions, ['Observation'])!
    expect(JSON.stringify(subsetter.resource(exact, subset))).toContain('"value":1.10')
  }
})

test('nothing of the resource that was given is changed', () => {
  const before = JSON.stringify(patient)
  for (const query of ['_summary=true', '_summary=text', '_elements=name']) left(query, patient)
  expect(sameJson(patient, JSON.parse(before) as JsonObject)).toBe(true)
})

test('a resource that is marked already is not marked twice', () => {
  const marked = { resourceType: 'Patient', meta: { tag: [{ code: 'a' }, SUBSETTED] }, gender: 'male' }
  const subset = parseSubset(new URLSearchParams('_summary=true'), definitions, ['Patient'])!
  expect(subsetter.resource(marked, subset)).toEqual(marked)
})

test.each([
  ['_summary=all', 'summary-unknown'],
  ['_summary=', 'summary-unknown'],
  ['_summary=true&_summary=text', 'summary-unknown'],
  ['_summary=true&_elements=name', 'elements-and-summary'],
  ['_summary=text&_include=Patient:organization', 'summary-text-include'],
  ['_summary=text&_revinclude:iterate=Observation:subject', 'summary-text-include'],
  ['_elements=', 'elements-unknown'],
  ['_elements=name,', 'elements-unknown'],
  ['_elements=nickname', 'elements-unknown'],
  ['_elements=name.nick', 'elements-unknown'],
  ['_elements=Patient', 'elements-unknown'],
  ['_elements=Patient.value', 'elements-unknown'],
  ['_elements=Car.name', 'elements-unknown'],
  ['_elements=__proto__', 'elements-unknown'],
  ['_elements=name.__proto__.constructor', 'elements-unknown'],
  ['_elements=-name', 'elements-unknown'],
])('%s is refused', (query, code) => {
  const thrown = thrownBy(() => parseSubset(new URLSearchParams(query), definitions, ['Patient'])) as Failure
  expect([thrown.kind, thrown.code]).toEqual(['invalid', code])
  expect(['_summary', '_elements']).toContain(thrown.expression[0])
})
