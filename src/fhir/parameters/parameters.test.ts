import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { parseExactObject } from '../../kernel/json.ts'
import { loadDefinitions } from '../index.ts'
import { makeParameterReader, type ParameterDefinition } from './index.ts'

const reader = makeParameterReader(loadDefinitions())

const known: readonly ParameterDefinition[] = [
  { name: 'resource', min: 0, max: 1, type: 'Resource' },
  { name: 'mode', min: 0, max: 1, type: 'code' },
  { name: 'limit', min: 0, max: 1, type: 'decimal' },
  { name: 'deep', min: 0, max: 1, type: 'boolean' },
  { name: 'profile', min: 0, max: '*', type: 'uri' },
  { name: 'coding', min: 0, max: 1, type: 'Coding' },
  { name: 'variables', min: 0, max: 1, type: 'Parts' },
]

const read = (query: string, body?: string) =>
  reader.read(known, new URLSearchParams(query), body === undefined ? undefined : parseExactObject(body))
const parameters = (...each: string[]) => `{"resourceType":"Parameters","parameter":[${each.join(',')}]}`

describe('a query', () => {
  test('gives values of the types that the operation has', () => {
    const input = read('mode=create&profile=urn:a&profile=urn:b&limit=1.10&deep=true')
    expect(input.text('mode')).toBe('create')
    expect(input.texts('profile')).toEqual(['urn:a', 'urn:b'])
    expect(input.one('limit')!.value!.value).toBe(1.1)
    expect(JSON.stringify(input.one('limit')!.value!.exact)).toBe('1.10')
    expect(input.one('deep')!.value!.value).toBe(true)
  })

  test.each([
    ['mode=two  spaces', 'operation-parameter-type'],
    ['limit=much', 'operation-parameter-type'],
    ['deep=1', 'operation-parameter-type'],
    ['resource=Patient/1', 'operation-parameter-type'],
    ['coding=a|b', 'operation-parameter-type'],
    ['mode=a&mode=b', 'operation-parameter-repeated'],
    ['__proto__=a', 'parameter-unknown'],
  ])('%s is refused', (query, code) => {
    expect(thrownBy(() => read(query))).toMatchObject({ kind: 'invalid', code })
  })
})

describe('a body', () => {
  test('that is a resource is the one parameter that takes one', () => {
    const input = read('mode=update', '{"resourceType":"Patient","active":true}')
    expect(input.resource('resource')?.value).toEqual({ resourceType: 'Patient', active: true })
    expect(input.text('mode')).toBe('update')
  })

  test('that is a Parameters resource gives values, resources and parts, decimals exact', () => {
    const input = read(
      '',
      parameters(
        '{"name":"resource","resource":{"resourceType":"Observation","valueQuantity":{"value":2.50}}}',
        '{"name":"mode","valueString":"profile"}',
        '{"name":"coding","valueCoding":{"code":"x"}}',
        '{"name":"variables","part":[{"name":"n","valueDecimal":3.0},{"name":"empty"}]}',
      ),
    )
    expect(JSON.stringify(input.resource('resource')!.exact)).toContain('2.50')
    expect(input.text('mode')).toBe('profile')
    expect(input.one('coding')).toMatchObject({ type: 'Coding', value: { value: { code: 'x' } } })
    const [n, empty] = input.one('variables')!.parts!
    expect(JSON.stringify(n!.value!.exact)).toBe('3.0')
    expect(empty).toMatchObject({ name: 'empty' })
    expect(empty).not.toHaveProperty('value')
  })

  test('may have no parameter at all', () => {
    expect(read('', '{"resourceType":"Parameters"}').all('profile')).toEqual([])
  })

  test.each([
    ['{"name":"mode","valueCode":7}', 'operation-parameter-type'],
    ['{"name":"mode"}', 'operation-parameter-type'],
    ['{"name":"coding","valueIdentifier":{}}', 'operation-parameter-type'],
    ['{"name":"coding","valueCoding":"x"}', 'operation-parameter-type'],
    ['{"name":"resource","resource":{}}', 'operation-parameter-type'],
    ['{"name":"variables","valueString":"x"}', 'operation-parameter-type'],
    ['{"name":"variables","part":{}}', 'operation-parameter-form'],
    ['{"name":"variables","part":[null]}', 'operation-parameter-form'],
    ['{"name":7}', 'operation-parameter-form'],
    ['{"name":"une valeur confidentielle","valueString":"x"}', 'parameter-unknown'],
  ])('with %s is refused', (parameter, code) => {
    const failure = thrownBy(() => read('', parameters(parameter)))
    expect(failure).toMatchObject({ kind: 'invalid', code })
    expect(String(failure)).not.toContain('confidentielle')
  })
})
