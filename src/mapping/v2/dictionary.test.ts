import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { makeDictionary } from './dictionary.ts'
import { map, message, only, problems } from './testing/compiled.ts'

const MSH = 'MSH|^~\\&|LABO|LABMED|||20260310081530+0100||ORU^R01^ORU_R01|1|P|2.5.1'
const lab = 'urn:passerelle:cs:LABMED:L'

const conceptMap = (group: JsonObject, more: JsonObject = {}): JsonObject => ({
  resourceType: 'ConceptMap',
  status: 'active',
  url: 'https://lab.test/map',
  name: 'lab-to-loinc',
  group: [group],
  ...more,
})
const glucose = {
  source: lab,
  target: 'http://loinc.org',
  element: [
    { code: 'GLU', target: [{ code: '2345-7', display: 'Glucose', equivalence: 'equivalent' }] },
    { code: 'NA', target: [{ code: '2951-2', equivalence: 'inexact' }] },
  ],
}
const namingSystem = (kind: string, name: string, ...uniqueId: JsonObject[]): JsonObject => ({
  resourceType: 'NamingSystem',
  status: 'active',
  kind,
  name,
  uniqueId,
})

function result(code: string, resources: readonly JsonObject[], context: object = {}) {
  const mapped = map(message(MSH, 'PID|||1^^^CHU||D', 'OBR|1||F1|PANEL', `OBX|1|NM|${code}||5|g/L|||||F`), {
    dictionary: makeDictionary(resources),
    ...context,
  })
  expect(problems(mapped)).toEqual([])
  const { resource } = only(mapped, 'Observation')
  return { mapped, codings: (resource['code'] as { coding: JsonObject[] }).coding }
}
const warned = ({ mapped }: ReturnType<typeof result>) =>
  mapped.warnings.filter(({ code }) => code === 'code-not-translated')

describe('a code of the laboratory', () => {
  test('keeps its coding first and gets the translation behind it', () => {
    const found = result('GLU^Glucose^L', [conceptMap(glucose)])
    expect(found.codings).toEqual([
      { code: 'GLU', display: 'Glucose', system: lab },
      { system: 'http://loinc.org', code: '2345-7', display: 'Glucose' },
    ])
    expect(warned(found)).toEqual([])
  })

  test('that the map does not have, or has only something inexact for, is kept and counted', () => {
    for (const code of ['XXX^X^L', 'NA^Sodium^L']) {
      const found = result(code, [conceptMap(glucose)])
      expect(found.codings).toHaveLength(1)
      expect(warned(found)).toEqual([{ code: 'code-not-translated', about: lab, count: 1 }])
    }
  })

  test('of a system that no map is for is not counted', () => {
    expect(warned(result('2345-7^Glucose^LN', [conceptMap(glucose)]))).toEqual([])
  })

  test('that came with its LOINC code gets no second one', () => {
    expect(result('GLU^Glucose^L^2345-7^Glucose^LN', [conceptMap(glucose)]).codings).toHaveLength(2)
  })

  test('takes what a map says of all others', () => {
    const fixed = conceptMap({ ...glucose, unmapped: { mode: 'fixed', code: '51990-0', display: 'Basic' } })
    expect(result('XXX^X^L', [fixed]).codings[1]).toEqual({
      system: 'http://loinc.org',
      code: '51990-0',
      display: 'Basic',
    })
    const provided = conceptMap({ ...glucose, unmapped: { mode: 'provided' } })
    expect(result('2345-7^X^L', [provided]).codings[1]).toEqual({
      system: 'http://loinc.org',
      code: '2345-7',
    })
  })

  test('is translated by the maps that the channel names, and those without a source system only then', () => {
    const { source: _, ...anyLocal } = glucose
    const maps = [conceptMap(anyLocal)]
    expect(result('GLU^Glucose', maps).codings).toHaveLength(1)
    expect(result('GLU^Glucose', maps, { conceptMaps: ['lab-to-loinc'] }).codings).toHaveLength(2)
    expect(result('GLU^Glucose^L', [conceptMap(glucose)], { conceptMaps: ['another'] }).codings).toHaveLength(
      1,
    )
  })

  test('is not translated by a map that is retired', () => {
    expect(result('GLU^Glucose^L', [conceptMap(glucose, { status: 'retired' })]).codings).toHaveLength(1)
  })
})

describe('an authority', () => {
  const systemOf = (authority: string, resources: readonly JsonObject[], context: object = {}) => {
    const mapped = map(message(MSH, `PID|||1^^^${authority}||D`, 'OBR|1||F1|PANEL'), {
      dictionary: makeDictionary(resources),
      ...context,
    })
    const [identifier] = only(mapped, 'Patient').resource['identifier'] as [{ system: string }]
    return [identifier.system, mapped.warnings.some(({ code }) => code === 'namespace-not-registered')]
  }
  const chu = namingSystem(
    'identifier',
    'CHU',
    { type: 'oid', value: '1.2.250.1.99.2' },
    { type: 'uri', value: 'https://chu.test/ipp', preferred: true },
    { type: 'other', value: 'CHU TEST' },
  )

  test.each(['CHU', 'CHU TEST', '&1.2.250.1.99.2&ISO', 'X&1.2.250.1.99.2&ISO'])(
    '%s is known by every name',
    (name) => {
      expect(systemOf(name, [chu])).toEqual(['https://chu.test/ipp', false])
    },
  )

  test('that nobody registered is counted', () => {
    expect(systemOf('OTHER', [chu])).toEqual(['urn:passerelle:ns:OTHER', true])
  })

  test('means what the channel says, whatever the tenant says', () => {
    expect(systemOf('CHU', [chu], { namespaces: { CHU: 'urn:oid:1.2.3' } })).toEqual(['urn:oid:1.2.3', false])
  })

  test('with an OID alone has it as a URN, and a code system’s name is no authority', () => {
    expect(systemOf('CHU', [namingSystem('identifier', 'CHU', { type: 'oid', value: '1.2.5' })])).toEqual([
      'urn:oid:1.2.5',
      false,
    ])
    const codes = namingSystem('codesystem', 'CHU', { type: 'uri', value: 'https://chu.test/codes' })
    expect(systemOf('CHU', [codes])).toEqual(['urn:passerelle:ns:CHU', true])
    expect(result('A^B^CHU', [codes]).codings[0]).toMatchObject({ system: 'https://chu.test/codes' })
  })
})
