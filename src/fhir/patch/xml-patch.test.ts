import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { Failure } from '../../kernel/failure.ts'
import { type JsonObject, parseExactObject } from '../../kernel/json.ts'
import { makeTimeLimit } from '../../kernel/time-limit.ts'
import { loadDefinitions, makeFhirXml, xmlPatch } from '../index.ts'

const xml = makeFhirXml(loadDefinitions())
const limit = makeTimeLimit()

const patient =
  '{"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>a</p></div>"},' +
  '"extension":[{"url":"urn:weight","valueDecimal":1.10}],"active":true,' +
  '"name":[{"use":"official","family":"A","given":["B","C"]},{"use":"usual","family":"D"}],"birthDate":"1970-01-01"}'

const diff = (operations: string) => `<diff xmlns:f="http://hl7.org/fhir">${operations}</diff>`

function patched(operations: string, resource = patient): JsonObject {
  return xmlPatch(xml, limit, diff(operations)).apply(parseExactObject(resource)).exact
}

function codeOf(operations: string): string {
  const thrown = thrownBy(() => patched(operations)) as Failure
  expect(thrown).toBeInstanceOf(Failure)
  return thrown.code
}

describe('a patch', () => {
  test('replaces a value', () => {
    expect(patched('<replace sel="f:Patient/f:active/@value">false</replace>')['active']).toBe(false)
  })

  test('replaces an element by another', () => {
    const operation = '<replace sel="/f:Patient/f:name[2]"><f:name><f:text value="E"/></f:name></replace>'
    expect(patched(operation)['name']).toEqual([
      { use: 'official', family: 'A', given: ['B', 'C'] },
      { text: 'E' },
    ])
  })

  test('adds an element, wherever it stands in the definition', () => {
    const operation =
      '<add sel="f:Patient"><f:gender value="female"/><f:deceasedBoolean value="false"/></add>'
    expect(patched(operation)).toMatchObject({ gender: 'female', deceasedBoolean: false })
  })

  test('adds to a list at its end, at its beginning, before and after another', () => {
    const given = (place: string, sel: string) =>
      (patched(`<add sel="${sel}"${place}><f:given value="X"/></add>`)['name'] as JsonObject[])[0]!['given']
    const name = 'f:Patient/f:name[1]'
    expect(given('', name)).toEqual(['B', 'C', 'X'])
    expect(given(' pos="prepend"', name)).toEqual(['X', 'B', 'C'])
    expect(given(' pos="before"', `${name}/f:given[2]`)).toEqual(['B', 'X', 'C'])
    expect(given(' pos="after"', `${name}/f:given[1]`)).toEqual(['B', 'X', 'C'])
  })

  test('adds an attribute', () => {
    expect(patched('<add sel="f:Patient/f:birthDate" type="@id">b</add>')['_birthDate']).toEqual({ id: 'b' })
  })

  test('removes elements and attributes', () => {
    expect(
      patched('<remove sel="f:Patient/f:birthDate"/><remove sel="f:Patient/f:text" ws="both"/>'),
    ).not.toHaveProperty(['birthDate'])
    const operations =
      '<add sel="f:Patient/f:active" type="@id">a</add><remove sel="f:Patient/f:active/@id"/>'
    expect(patched(operations)).toEqual(
      patched('<add sel="f:Patient/f:active" type="@id">a</add><remove sel="*/f:active/@id"/>'),
    )
    expect(patched(operations)).not.toHaveProperty(['_active'])
  })

  test('replaces a narrative, and keeps it as it is written', () => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml">\n<p >b</p></div>'
    const operation = `<replace sel="f:Patient/f:text/h:div" xmlns:h="http://www.w3.org/1999/xhtml">${div}</replace>`
    expect(patched(operation)['text']).toEqual({ status: 'generated', div })
  })

  test('leaves what it does not touch to the last digit', () => {
    expect(JSON.stringify(patched('<remove sel="f:Patient/f:birthDate"/>'))).toContain('"valueDecimal":1.10')
    expect(JSON.stringify(patched('<replace sel="*/f:extension/*/@value">2.50</replace>'))).toContain(
      '"valueDecimal":2.50',
    )
  })

  test('is applied in order, each operation to what the one before left', () => {
    const operations =
      '<add sel="f:Patient"><f:contact><f:gender value="male"/></f:contact></add>' +
      '<replace sel="f:Patient/f:contact/f:gender/@value">female</replace>'
    const patch = xmlPatch(xml, limit, diff(operations))
    for (let i = 0; i < 2; i++) {
      expect(patch.apply(parseExactObject(patient)).value['contact']).toEqual([{ gender: 'female' }])
    }
  })

  test.each([
    ['<diff><replace sel="Patient/active/@value">false</replace></diff>'],
    ['<patch xmlns="urn:ietf:rfc:7351"><replace sel="*/*[4]/@value">false</replace></patch>'],
    [
      '<p:patch xmlns:p="urn:ietf:rfc:7351"><p:replace sel="Patient/active/@value">false</p:replace></p:patch>',
    ],
    [
      '<p:patch xmlns:p="urn:p" xmlns="http://hl7.org/fhir"><p:replace sel="Patient/active/@value">false</p:replace></p:patch>',
    ],
  ])('may have any root, and names without a prefix: %s', (text) => {
    expect(xmlPatch(xml, limit, text).apply(parseExactObject(patient)).value['active']).toBe(false)
  })

  test('adds elements without a namespace as those of FHIR', () => {
    expect(patched('<add sel="f:Patient"><gender value="male"/></add>')['gender']).toBe('male')
  })

  test('tells the conditional references that it brings', () => {
    const operations =
      '<add sel="f:Patient"><f:managingOrganization><f:reference value="Organization?name=a"/></f:managingOrganization></add>' +
      '<replace sel="f:Patient/f:generalPractitioner/f:reference/@value">Practitioner?name=b</replace>' +
      '<replace sel="f:Patient/f:link/f:other/f:reference/@value">Patient/1</replace>'
    expect(xmlPatch(xml, limit, diff(operations)).conditionalReferences).toEqual([
      'Organization?name=a',
      'Practitioner?name=b',
    ])
  })
})

describe('a selector', () => {
  test.each([
    "f:Patient/f:name[f:use/@value='usual']/f:family/@value",
    "f:Patient/f:name[f:family[@value='D']]/f:family/@value",
    'f:Patient/f:name[f:use/@value="usual" and f:family]/f:family/@value',
    'f:Patient/f:name[ last() ]/f:family/@value',
    'f:Patient/f:name[position()=2]/child::f:family/attribute::value',
    "f:Patient/f:name[f:use/@value='usual'][1]/f:family/@value",
    '/*/*[6]/*[2]/@value',
    "f:Patient/f:name/f:family[@value='D']/@value",
    "f:Patient/f:name/f:family/@value[.='D']",
  ])('finds one thing: %s', (sel) => {
    const names = patched(`<replace sel="${sel.replaceAll('"', '&quot;')}">found</replace>`)['name']
    expect(names).toEqual([
      { use: 'official', family: 'A', given: ['B', 'C'] },
      { use: 'usual', family: 'found' },
    ])
  })

  test.each([
    ['f:Patient/f:name', 'patch-path-several'],
    ['f:Patient/f:name[3]', 'patch-path-missing'],
    ['f:Patient/f:name[0]', 'patch-path-missing'],
    ['f:Observation', 'patch-path-missing'],
    ['f:active', 'patch-path-missing'],
    ["f:Patient/f:name[f:use/@value='old']", 'patch-path-missing'],
    ['f:Patient/text()', 'patch-path-missing'],
    ['f:Patient/comment()[1]', 'patch-path-missing'],
    ["id('p')", 'patch-path-missing'],
    ['f:Patient/@id', 'patch-path-missing'],
    ['f:Patient', 'patch-path-resource'],
    ['*/f:text/*[2]/*', 'patch-selector-narrative'],
    ['', 'patch-selector'],
    ['/', 'patch-selector'],
    ['f:Patient/', 'patch-selector'],
    ['//f:active', 'patch-selector'],
    ['f:Patient//f:active', 'patch-selector'],
    ['f:Patient/..', 'patch-selector'],
    ['f:Patient/@value/f:x', 'patch-selector'],
    ['g:Patient', 'patch-selector'],
    ['constructor:Patient', 'patch-selector'],
    ['f:Patient[', 'patch-selector'],
    ['f:Patient[]', 'patch-selector'],
    ["f:Patient[f:active/@value='true]", 'patch-selector'],
    ['f:Patient[count(f:name)=1]', 'patch-selector'],
    ['document("file:///etc/passwd")', 'patch-selector'],
    [`f:Patient${'[f:name'.repeat(11)}${']'.repeat(11)}`, 'patch-selector'],
    [`f:Patient${'/f:name'.repeat(400)}`, 'patch-selector'],
  ])('%s is %s', (sel, code) => {
    expect(codeOf(`<remove sel="${sel.replaceAll('"', '&quot;')}"/>`)).toBe(code)
  })

  test('never is anything but a path or a failure', () => {
    const piece = fc.constantFrom(
      'f:',
      'Patient',
      'name',
      '/',
      '[',
      ']',
      '@value',
      '=',
      "'D'",
      '1',
      '*',
      '.',
      ' and ',
      'last()',
      '"',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const sel = pieces.join('').replaceAll('"', '&quot;')
        const thrown = thrownBy(() => patched(`<remove sel="${sel}"/>`))
        expect(thrown === undefined || thrown instanceof Failure).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('refused, with the number of the operation', () => {
  test.each([
    ['<move sel="f:Patient"/>', 'patch-xml-operation'],
    ['<constructor sel="f:Patient"/>', 'patch-xml-operation'],
    ['<f:add sel="f:Patient"><f:gender value="male"/></f:add>', 'patch-xml-operation'],
    ['<remove/>', 'patch-xml-operation'],
    ['<remove sel="f:Patient/f:active" pos="before"/>', 'patch-xml-operation'],
    ['<remove sel="f:Patient/f:active" colour="blue"/>', 'patch-xml-operation'],
    ['<add sel="f:Patient" pos="middle"><f:gender value="male"/></add>', 'patch-xml-operation'],
    ['<add sel="f:Patient" type="namespace::x">urn:x</add>', 'patch-xml-operation'],
    ['<add sel="f:Patient"/>', 'patch-content'],
    ['<add sel="f:Patient">male</add>', 'patch-content'],
    ['<add sel="f:Patient" type="@id"><f:gender value="male"/></add>', 'patch-content'],
    ['<remove sel="f:Patient/f:active">true</remove>', 'patch-content'],
    ['<replace sel="f:Patient/f:active">false</replace>', 'patch-content'],
    ['<replace sel="f:Patient/f:active/@value"><f:active value="false"/></replace>', 'patch-content'],
    [
      '<replace sel="f:Patient/f:active"><f:active value="true"/><f:active value="true"/></replace>',
      'patch-content',
    ],
    ['<add sel="f:Patient/f:active/@value"><f:gender value="male"/></add>', 'patch-content'],
    ['<add sel="f:Patient" pos="after"><f:Patient/></add>', 'patch-path-resource'],
    ['<add sel="f:Patient/f:active" type="@value">false</add>', 'patch-element-exists'],
    ['<add sel="f:Patient/f:text/*[2]"><f:p/></add>', 'patch-selector-narrative'],
  ])('%s: %s', (operation, code) => {
    const thrown = thrownBy(() => patched(`<remove sel="f:Patient/f:birthDate"/>${operation}`)) as Failure
    expect([thrown.code, thrown.params['operation']]).toEqual([code, 2])
  })

  test.each([
    ['<add sel="f:Patient"><f:nickname value="x"/></add>', 'Patient.nickname'],
    ['<add sel="f:Patient"><f:active value="false"/></add>', 'Patient.active'],
    ['<add sel="f:Patient"><x:gender xmlns:x="urn:x" value="male"/></add>', 'Patient.gender'],
    ['<add sel="f:Patient/f:active" type="@colour">blue</add>', 'Patient.active.colour'],
    ['<remove sel="f:Patient/f:active/@value"/>', 'Patient.active'],
    ['<add sel="f:Patient"><f:contact>text</f:contact></add>', 'Patient.contact[0]'],
  ])('what is no FHIR afterwards: %s', (operation, expression) => {
    const thrown = thrownBy(() => patched(operation)) as Failure
    expect([thrown.code, thrown.expression]).toEqual(['patch-result', [expression]])
  })

  test('another resource than before', () => {
    expect(codeOf('<replace sel="f:Patient/f:id/@value">q</replace>')).toBe('patch-identity')
    expect(codeOf('<replace sel="f:Patient"><f:Observation/></replace>')).toBe('patch-identity')
  })

  test('no well-formed document, an entity, too many operations', () => {
    const parse = (text: string) => (thrownBy(() => xmlPatch(xml, limit, text)) as Failure).code
    expect(parse('<diff>')).toBe('xml-syntax')
    expect(parse('<!DOCTYPE d [<!ENTITY e "x">]><diff>&e;</diff>')).toBe('xml-doctype')
    expect(parse(diff('<remove sel="f:Patient"/>'.repeat(5001)))).toBe('patch-too-many-operations')
  })

  test('one that takes too long', () => {
    const patch = xmlPatch(xml, { within: () => undefined }, diff('<remove sel="f:Patient/f:active"/>'))
    const thrown = thrownBy(() => patch.apply(parseExactObject(patient))) as Failure
    expect([thrown.code, thrown.params]).toEqual(['patch-too-slow', { seconds: 1 }])
  })
})
