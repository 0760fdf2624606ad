import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { exactJsonOf, type Json, type JsonObject, parseExactObject } from '../../kernel/json.ts'
import { makeTimeLimit } from '../../kernel/time-limit.ts'
import { loadDefinitions } from '../definitions/index.ts'
import { makeValidator } from '../validate/index.ts'
import { fhirPathPatch } from './patch.ts'

const definitions = loadDefinitions()
const validator = makeValidator(definitions)
const limit = makeTimeLimit()

interface Operation {
  readonly type: string
  readonly path?: string
  readonly name?: string
  readonly index?: number
  readonly source?: number
  readonly destination?: number
  /** The parameter `value` without its name. */
  readonly value?: JsonObject
}

const parametersOf = (...operations: Operation[]): JsonObject => ({
  resourceType: 'Parameters',
  parameter: operations.map(({ type, path, name, index, source, destination, value }) => ({
    name: 'operation',
    part: [
      { name: 'type', valueCode: type },
      ...(path === undefined ? [] : [{ name: 'path', valueString: path }]),
      ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
      ...Object.entries({ index, source, destination }).flatMap(([part, valueInteger]) =>
        valueInteger === undefined ? [] : [{ name: part, valueInteger }],
      ),
      ...(value === undefined ? [] : [{ name: 'value', ...value }]),
    ],
  })),
})

function patch(resource: JsonObject, ...operations: Operation[]): Json {
  const parameters = exactJsonOf(parametersOf(...operations))
  return fhirPathPatch(definitions, limit, parameters).apply(exactJsonOf(resource)).value
}

const patient = (rest: JsonObject = {}): JsonObject => ({ resourceType: 'Patient', ...rest })
const numbered = (...values: string[]) => ({ identifier: values.map((value) => ({ value })) })

describe('a patch', () => {
  test.each<[string, JsonObject, Operation, JsonObject]>([
    [
      'replaces a primitive',
      { birthDate: '1920-01-01' },
      { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930-01-01' } },
      { birthDate: '1930-01-01' },
    ],
    ['deletes a primitive', { birthDate: '1920-01-01' }, { type: 'delete', path: 'Patient.birthDate' }, {}],
    ['deletes nothing where nothing is', {}, { type: 'delete', path: 'Patient.birthDate' }, {}],
    [
      'adds a primitive',
      {},
      { type: 'add', path: 'Patient', name: 'birthDate', value: { valueDate: '1930-01-01' } },
      { birthDate: '1930-01-01' },
    ],
    [
      'replaces inside a list',
      { contact: [{ name: { text: 'a' }, gender: 'male' }] },
      { type: 'replace', path: 'Patient.contact[0].gender', value: { valueCode: 'female' } },
      { contact: [{ name: { text: 'a' }, gender: 'female' }] },
    ],
    [
      'leaves no empty object behind',
      { contact: [{ name: { text: 'a' }, gender: 'male' }] },
      { type: 'delete', path: 'Patient.contact[0].name.text' },
      { contact: [{ gender: 'male' }] },
    ],
    [
      'leaves no empty list behind',
      { contact: [{ name: { text: 'a' } }] },
      { type: 'delete', path: 'Patient.contact.name.text' },
      {},
    ],
    [
      'adds a complex value',
      {},
      {
        type: 'add',
        path: 'Patient',
        name: 'maritalStatus',
        value: { valueCodeableConcept: { text: 'married' } },
      },
      { maritalStatus: { text: 'married' } },
    ],
    [
      'replaces a complex value, its id included',
      { maritalStatus: { id: '1', text: 'married' } },
      {
        type: 'replace',
        path: 'Patient.maritalStatus',
        value: { valueCodeableConcept: { id: '2', text: 'not married' } },
      },
      { maritalStatus: { id: '2', text: 'not married' } },
    ],
    [
      'adds what has no type of its own from parts',
      {},
      {
        type: 'add',
        path: 'Patient',
        name: 'contact',
        value: {
          part: [
            { name: 'name', valueHumanName: { text: 'a' } },
            { name: 'telecom', valueContactPoint: { value: '1' } },
            { name: 'telecom', valueContactPoint: { value: '2' } },
            { name: 'period', part: [{ name: 'start', valueDateTime: '2020' }] },
          ],
        },
      },
      {
        contact: [
          { name: { text: 'a' }, telecom: [{ value: '1' }, { value: '2' }], period: { start: '2020' } },
        ],
      },
    ],
    [
      'adds to the end of a list',
      numbered('1'),
      { type: 'add', path: 'Patient', name: 'identifier', value: { valueIdentifier: { value: '2' } } },
      numbered('1', '2'),
    ],
    [
      'inserts at the beginning',
      numbered('1', '2'),
      { type: 'insert', path: 'Patient.identifier', index: 0, value: { valueIdentifier: { value: '3' } } },
      numbered('3', '1', '2'),
    ],
    [
      'inserts at the end',
      numbered('1', '2'),
      { type: 'insert', path: 'Patient.identifier', index: 2, value: { valueIdentifier: { value: '3' } } },
      numbered('1', '2', '3'),
    ],
    [
      'inserts into a list that is not there yet',
      {},
      { type: 'insert', path: 'Patient.identifier', index: 0, value: { valueIdentifier: { value: '3' } } },
      numbered('3'),
    ],
    [
      'deletes from a list',
      numbered('1', '2', '3'),
      { type: 'delete', path: 'Patient.identifier[1]' },
      numbered('1', '3'),
    ],
    [
      'deletes what a condition selects',
      numbered('1', '2'),
      { type: 'delete', path: "Patient.identifier.where(value = '1')" },
      numbered('2'),
    ],
    [
      'moves up',
      numbered('1', '2', '3', '4'),
      { type: 'move', path: 'Patient.identifier', source: 3, destination: 1 },
      numbered('1', '4', '2', '3'),
    ],
    [
      'moves down',
      numbered('1', '2', '3', '4'),
      { type: 'move', path: 'Patient.identifier', source: 0, destination: 3 },
      numbered('2', '3', '4', '1'),
    ],
    [
      'replaces a choice by another branch of it',
      { deceasedBoolean: true },
      { type: 'replace', path: 'Patient.deceased', value: { valueDateTime: '2020' } },
      { deceasedDateTime: '2020' },
    ],
    [
      'adds a choice by its name in the definition',
      {},
      { type: 'add', path: 'Patient', name: 'deceased', value: { valueBoolean: true } },
      { deceasedBoolean: true },
    ],
    [
      'adds a choice by its name with [x]',
      {},
      { type: 'add', path: 'Patient', name: 'multipleBirth[x]', value: { valueInteger: 2 } },
      { multipleBirthInteger: 2 },
    ],
    [
      'adds a choice by its name in JSON',
      {},
      { type: 'add', path: 'Patient', name: 'deceasedBoolean', value: { valueBoolean: false } },
      { deceasedBoolean: false },
    ],
    [
      'adds an extension to the resource',
      {},
      {
        type: 'add',
        path: 'Patient',
        name: 'extension',
        value: {
          part: [
            { name: 'url', valueUri: 'urn:x' },
            { name: 'value', valueString: 'a' },
          ],
        },
      },
      { extension: [{ url: 'urn:x', valueString: 'a' }] },
    ],
    [
      'adds an extension to a primitive',
      { birthDate: '1920' },
      {
        type: 'add',
        path: 'Patient.birthDate',
        name: 'extension',
        value: {
          part: [
            { name: 'url', valueUri: 'urn:x' },
            { name: 'value', valueString: 'a' },
          ],
        },
      },
      { birthDate: '1920', _birthDate: { extension: [{ url: 'urn:x', valueString: 'a' }] } },
    ],
    [
      'replaces the value of an extension of a primitive',
      { birthDate: '1920', _birthDate: { extension: [{ url: 'urn:x', valueString: 'a' }] } },
      {
        type: 'replace',
        path: "Patient.birthDate.extension('urn:x').value",
        value: { valueInteger: 1 },
      },
      { birthDate: '1920', _birthDate: { extension: [{ url: 'urn:x', valueInteger: 1 }] } },
    ],
    [
      'deletes the extension of a primitive and leaves its value',
      { birthDate: '1920', _birthDate: { extension: [{ url: 'urn:x', valueString: 'a' }] } },
      { type: 'delete', path: "Patient.birthDate.extension.where(url = 'urn:x')" },
      { birthDate: '1920' },
    ],
    [
      'replaces a primitive with all that is beside it',
      { birthDate: '1920', _birthDate: { extension: [{ url: 'urn:x', valueString: 'a' }] } },
      {
        type: 'replace',
        path: 'Patient.birthDate',
        value: { valueDate: '1930', _valueDate: { id: 'b' } },
      },
      { birthDate: '1930', _birthDate: { id: 'b' } },
    ],
    [
      'keeps what is beside primitives beside them in a list',
      { name: [{ given: ['a', 'b'], _given: [null, { id: 'b' }] }] },
      { type: 'insert', path: 'Patient.name.given', index: 0, value: { valueString: 'c' } },
      { name: [{ given: ['c', 'a', 'b'], _given: [null, null, { id: 'b' }] }] },
    ],
    [
      'deletes one of the primitives of a list with what is beside it',
      { name: [{ given: ['a', 'b'], _given: [null, { id: 'b' }] }] },
      { type: 'delete', path: 'Patient.name.given[1]' },
      { name: [{ given: ['a'] }] },
    ],
    [
      'moves primitives with what is beside them',
      { name: [{ given: ['a', 'b'], _given: [{ id: 'a' }, null] }] },
      { type: 'move', path: 'Patient.name.given', source: 0, destination: 1 },
      { name: [{ given: ['b', 'a'], _given: [null, { id: 'a' }] }] },
    ],
    [
      'changes what is contained',
      {
        contained: [{ resourceType: 'Organization', id: 'o', name: 'A' }],
        managingOrganization: { reference: '#o' },
      },
      {
        type: 'replace',
        path: 'Patient.managingOrganization.resolve().name',
        value: { valueString: 'B' },
      },
      {
        contained: [{ resourceType: 'Organization', id: 'o', name: 'B' }],
        managingOrganization: { reference: '#o' },
      },
    ],
    [
      'adds a contained resource',
      {},
      {
        type: 'add',
        path: 'Patient',
        name: 'contained',
        value: { resource: { resourceType: 'Organization', id: 'o' } },
      },
      { contained: [{ resourceType: 'Organization', id: 'o' }] },
    ],
    [
      'replaces the text of a narrative, which no parameter can be',
      { text: { status: 'generated', div: '<div>a</div>' } },
      { type: 'replace', path: 'Patient.text.div', value: { valueString: '<div>b</div>' } },
      { text: { status: 'generated', div: '<div>b</div>' } },
    ],
  ])('%s', (_what, before, operation, after) => {
    const resource = patient(before)
    const untouched = structuredClone(resource)
    expect(patch(resource, operation)).toEqual(patient(after))
    expect(resource).toEqual(untouched)
  })

  test('runs its operations in order, each on what the one before left', () => {
    expect(
      patch(
        patient(numbered('1', '2')),
        { type: 'add', path: 'Patient', name: 'name', value: { valueHumanName: { family: 'A' } } },
        {
          type: 'add',
          path: "Patient.name.where(family = 'A')",
          name: 'given',
          value: { valueString: 'B' },
        },
        { type: 'move', path: 'Patient.identifier', source: 1, destination: 0 },
      ),
    ).toEqual(patient({ ...numbered('2', '1'), name: [{ family: 'A', given: ['B'] }] }))
  })

  test('without operations changes nothing', () => {
    expect(patch(patient({ active: true }))).toEqual(patient({ active: true }))
  })

  test('knows backbone elements that repeat another one', () => {
    const questionnaire = {
      resourceType: 'Questionnaire',
      item: [{ linkId: '1', item: [{ linkId: '1.1' }] }],
    }
    expect(
      patch(questionnaire, {
        type: 'add',
        path: "Questionnaire.item.item.where(linkId = '1.1')",
        name: 'item',
        value: { part: [{ name: 'linkId', valueString: '1.1.1' }] },
      }),
    ).toMatchObject({ item: [{ item: [{ item: [{ linkId: '1.1.1' }] }] }] })
  })
})

test.each<[string, JsonObject, Operation, string]>([
  [
    'a path that selects nothing',
    {},
    { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930' } },
    'patch-path-missing',
  ],
  [
    'an element added to nothing',
    numbered('1'),
    {
      type: 'add',
      path: "Patient.identifier.where(value = '1').period",
      name: 'end',
      value: { valueDateTime: '2021' },
    },
    'patch-path-missing',
  ],
  [
    'a path of another type',
    {},
    { type: 'replace', path: 'Observation.status', value: { valueCode: 'final' } },
    'patch-path-missing',
  ],
  [
    'a path that selects several to replace',
    numbered('1', '2'),
    { type: 'replace', path: 'Patient.identifier.value', value: { valueString: '3' } },
    'patch-path-several',
  ],
  [
    'a path that selects several to delete',
    numbered('1', '2'),
    { type: 'delete', path: 'Patient.identifier' },
    'patch-path-several',
  ],
  ['the whole resource to delete', {}, { type: 'delete', path: 'Patient' }, 'patch-path-resource'],
  ['no FHIRPath', {}, { type: 'delete', path: 'Patient.((' }, 'patch-expression'],
  [
    'a computed value',
    numbered('1'),
    { type: 'delete', path: 'Patient.identifier.count()' },
    'patch-expression',
  ],
  [
    'a reference into another resource',
    { managingOrganization: { reference: 'Organization/1' } },
    { type: 'replace', path: 'Patient.managingOrganization.resolve().name', value: { valueString: 'x' } },
    'patch-path-missing',
  ],
  [
    'an element that is there already',
    { birthDate: '1920' },
    { type: 'add', path: 'Patient', name: 'birthDate', value: { valueDate: '1930' } },
    'patch-element-exists',
  ],
  [
    'another branch of a choice that is there already',
    { deceasedBoolean: true },
    { type: 'add', path: 'Patient', name: 'deceased', value: { valueDateTime: '2020' } },
    'patch-element-exists',
  ],
  [
    'an element that R4 does not have',
    {},
    { type: 'add', path: 'Patient', name: 'colour', value: { valueString: 'blue' } },
    'patch-element-unknown',
  ],
  [
    'an element that primitives do not have',
    { birthDate: '1920' },
    { type: 'add', path: 'Patient.birthDate', name: 'value', value: { valueDate: '1930' } },
    'patch-element-unknown',
  ],
  [
    'a value of another type',
    {},
    { type: 'add', path: 'Patient', name: 'birthDate', value: { valueString: '1930' } },
    'patch-value-type',
  ],
  [
    'a complex value for a primitive',
    {},
    { type: 'add', path: 'Patient', name: 'birthDate', value: { part: [] } },
    'patch-value-type',
  ],
  [
    'a type that the choice does not have',
    {},
    { type: 'add', path: 'Patient', name: 'deceased', value: { valueString: 'yes' } },
    'patch-value-type',
  ],
  [
    'a resource for a value',
    {},
    { type: 'add', path: 'Patient', name: 'name', value: { resource: patient() } },
    'patch-value-type',
  ],
  [
    'an index after the end',
    numbered('1'),
    { type: 'insert', path: 'Patient.identifier', index: 2, value: { valueIdentifier: {} } },
    'patch-index',
  ],
  [
    'a source after the end',
    numbered('1'),
    { type: 'move', path: 'Patient.identifier', source: 1, destination: 0 },
    'patch-index',
  ],
  [
    'a destination after the end',
    numbered('1'),
    { type: 'move', path: 'Patient.identifier', source: 0, destination: 1 },
    'patch-index',
  ],
  [
    'a part of a list to insert into',
    numbered('1', '2'),
    {
      type: 'insert',
      path: "Patient.identifier.where(value = '1')",
      index: 0,
      value: { valueIdentifier: {} },
    },
    'patch-path-list',
  ],
  [
    'several lists at once',
    { name: [{ given: ['a'] }, { given: ['b'] }] },
    { type: 'move', path: 'Patient.name.given', source: 0, destination: 1 },
    'patch-path-list',
  ],
  [
    'no list to insert into',
    {},
    { type: 'insert', path: 'Patient.birthDate', index: 0, value: { valueDate: '1930' } },
    'patch-path-list',
  ],
  ['no value', {}, { type: 'add', path: 'Patient', name: 'active', value: {} }, 'patch-value'],
  [
    'another id',
    { id: 'a' },
    { type: 'replace', path: 'Patient.id', value: { valueId: 'b' } },
    'patch-identity',
  ],
])('%s is refused', (_what, before, operation, code) => {
  const failure = thrownBy(() => patch(patient(before), operation))
  expect(failure).toMatchObject({ kind: 'invalid', code })
  if (code !== 'patch-identity') expect(failure).toMatchObject({ expression: ['Parameters.parameter[0]'] })
})

test.each<[string, JsonObject]>([
  ['without a type', parametersOf({ type: '', path: 'Patient' })],
  ['of an unknown type', parametersOf({ type: 'merge', path: 'Patient' })],
  ['without a path', parametersOf({ type: 'delete' })],
  ['without a value', parametersOf({ type: 'replace', path: 'Patient.active' })],
  ['without a name', parametersOf({ type: 'add', path: 'Patient', value: { valueBoolean: true } })],
  ['without an index', parametersOf({ type: 'insert', path: 'Patient.name', value: { valueHumanName: {} } })],
  ['with a negative index', parametersOf({ type: 'move', path: 'Patient.name', source: -1, destination: 0 })],
  ['of another name', { resourceType: 'Parameters', parameter: [{ name: 'colour' }] }],
  [
    'with an unknown part',
    { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'colour' }] }] },
  ],
  ['that is none', { resourceType: 'Parameters', parameter: ['operation'] }],
  ['outside a list', { resourceType: 'Parameters', parameter: {} }],
])('an operation %s is malformed', (_what, parameters) => {
  expect(thrownBy(() => fhirPathPatch(definitions, limit, exactJsonOf(parameters)))).toMatchObject({
    code: 'patch-operation',
  })
})

test('what is no Parameters is no patch', () => {
  expect(thrownBy(() => fhirPathPatch(definitions, limit, exactJsonOf(patient())))).toMatchObject({
    code: 'resource-type-mismatch',
  })
})

test('decimals that a patch brings or leaves alone keep their digits', () => {
  const observation = parseExactObject(
    '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.500},"referenceRange":[{"low":{"value":1}}]}',
  )
  const parameters = parseExactObject(
    JSON.stringify(
      parametersOf({
        type: 'add',
        path: 'Observation.referenceRange[0]',
        name: 'high',
        value: { valueQuantity: { value: 'HERE' } },
      }),
    ).replace('"HERE"', '2.00'),
  )
  const { exact, value } = fhirPathPatch(definitions, limit, parameters).apply(observation)
  expect(JSON.stringify(exact)).toContain('"valueQuantity":{"value":1.500}')
  expect(JSON.stringify(exact)).toContain('"high":{"value":2.00}')
  expect(value).toMatchObject({ referenceRange: [{ low: { value: 1 }, high: { value: 2 } }] })
  expect(validator.validate(value, 'Observation')).toEqual([])
})

test('a path that would take for ever is stopped', () => {
  const name = { text: `${'a'.repeat(40)}b` }
  const path = "Patient.name.where(text.matches('^(a+)+$'))"
  expect(thrownBy(() => patch(patient({ name: [name] }), { type: 'delete', path }))).toMatchObject({
    code: 'patch-too-slow',
  })
})

test('trace() in a path prints nothing', () => {
  const told: unknown[] = []
  const { log } = console
  console.log = (...words) => told.push(words)
  try {
    patch(patient(numbered('1')), { type: 'delete', path: "Patient.identifier.trace('x')" })
  } finally {
    console.log = log
  }
  expect(told).toEqual([])
})
