import { describe, expect, test } from 'vitest'
import { loadDefinitions, makeElementTree } from '../index.ts'

const definitions = loadDefinitions()

describe('the definitions', () => {
  test('have every resource type of R4 and no other', () => {
    expect(definitions.resourceTypes).toHaveLength(146)
    expect(['Patient', 'MedicinalProduct', 'VisionPrescription'].every(definitions.isResourceType)).toBe(true)
    expect(
      ['Resource', 'DomainResource', 'SubscriptionStatus', 'Bot', 'toString'].some(
        definitions.isResourceType,
      ),
    ).toBe(false)
    expect(definitions.type('constructor')).toBeUndefined()
  })

  test('know what a type comes from', () => {
    expect(definitions.isA('Age', 'Quantity')).toBe(true)
    expect(definitions.isA('Patient', 'DomainResource')).toBe(true)
    expect(definitions.isA('canonical', 'uri')).toBe(true)
    expect(definitions.isA('Quantity', 'Age')).toBe(false)
  })

  test('say which parameters put a resource into a compartment', () => {
    expect(definitions.compartments['Patient']!['Observation']).toEqual(['subject', 'performer'])
  })
})

describe('an element path', () => {
  const tree = makeElementTree(definitions)

  test.each<[string, string[], number]>([
    ['Patient', ['Patient'], 1],
    ['Patient.name', ['HumanName'], Infinity],
    ['Patient.name[0].given[1]', ['string'], Infinity],
    ['Patient.id', ['id'], 1],
    ['Observation.valueQuantity.value', ['decimal'], 1],
    ['Observation.component.referenceRange.low', ['Quantity'], 1],
    ['Questionnaire.item.item.item.text', ['string'], 1],
    ['Patient.birthDate.extension.valueString', ['string'], 1],
    ['Patient.contact', ['Patient.contact'], Infinity],
    ['Bundle.entry.resource', ['Resource'], 1],
    ['CodeableConcept.coding.code', ['code'], 1],
  ])('%s', (path, types, max) => expect(tree.elementOf(path)).toMatchObject({ types, max }))

  test('of a choice may leave its type open', () => {
    for (const path of ['Observation.value', 'Observation.value[x]']) {
      const node = tree.elementOf(path)!
      expect([node.choice, node.types.length]).toEqual([true, 11])
      expect(tree.elementOf(`${path}.unit`)).toBeUndefined()
    }
  })

  test('tells the targets of a reference and the codes of a required binding', () => {
    expect(tree.elementOf('Observation.subject')!.targets).toEqual(['Patient', 'Group', 'Device', 'Location'])
    expect([...tree.elementOf('Patient.gender')!.codes!.codes]).toEqual([
      'male',
      'female',
      'other',
      'unknown',
    ])
    expect(tree.elementOf('Attachment.contentType')!.codes).toBeUndefined()
  })

  test.each([
    '',
    'Car',
    'Patient.nickname',
    'Patient.name.given.family',
    'Observation.valueAddress',
    'Patient.toString',
    'Meta.project',
  ])('%j is none of R4', (path) => expect(tree.elementOf(path)).toBeUndefined())
})
