/** Who and what a message names in several fields is one resource. */
import { describe, expect, test } from 'vitest'
import { ofType, only } from './testing/compiled.ts'
import { sent } from './testing/sound.ts'

const PID = 'PID|1||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const RPPS = 'RPPS&1.2.250.1.71.4.2.1&ISO'
const BARE = '10001234567^MARTIN^PAUL'
const WHOLE = `10001234567^MARTIN^PAUL^^^DR^^^${RPPS}`

/** An order that is entered by one and asked for by others, and a visit whom one attends. */
const named = (entered: string, asked: string, attending = '') =>
  sent(
    'ORU^R01',
    PID,
    `PV1|1|I|||||${attending}`,
    `ORC|RE|CMD1^DPI|LAB1^LABO|||||||${entered}||${asked}`,
    'OBR|1|CMD1^DPI|LAB1^LABO|NFS^NFS^L',
    'OBX|1|NM|HB^Hb^L||13|g/dL|||||F',
  )

describe('one person', () => {
  test.each([
    ['with and without the authority of a number', BARE, WHOLE],
    ['in capitals and in small letters', `^Martin^Paul`, WHOLE],
    ['by name alone', '^MARTIN^PAUL', BARE],
    ['by two numbers', `77^MARTIN^PAUL^^^^^^LOCAL`, WHOLE],
    ['by a number alone', '10001234567', WHOLE],
    ['who is written with an accent once', '^MÄRTIN^PAUL', BARE],
    ['twice in one field', '', `${WHOLE}~77^MARTIN^PAUL^^^^^^LOCAL`],
  ])('%s', (_, entered, asked) => {
    const all = named(entered, asked, WHOLE)
    expect(only(all, 'Practitioner').resource['name']).toHaveLength(1)
    expect(JSON.stringify(all.resources.map(({ resource }) => resource))).not.toContain('"contained"')
  })

  test('has the id of the number that says who gave it, and each number once', () => {
    const { id, resource } = only(named(BARE, WHOLE, `77^MARTIN^PAUL^^^^^^LOCAL`), 'Practitioner')
    expect(id).toBe(only(named('', WHOLE), 'Practitioner').id)
    expect((resource['identifier'] as { value: string }[]).map(({ value }) => value)).toEqual([
      '10001234567',
      '77',
    ])
    expect(resource['name']).toEqual([{ family: 'MARTIN', given: ['PAUL'], prefix: ['DR'] }])
  })

  test.each([
    ['of one name with two numbers of one authority', '1^MARTIN^PAUL^^^^^^X', '2^MARTIN^PAUL^^^^^^X'],
    ['with one number and two names', '7^MARTIN^PAUL', '7^PETIT^NORA^^^^^^X'],
    ['father and son', '1^MARTIN^PAUL^^JR^^^^X', '2^MARTIN^PAUL^^SR^^^^Y'],
    ['with one family name and no given one', '1^MARTIN^^^^^^^X', '2^MARTIN^^^^^^^Y'],
  ])('two people stay two: %s', (_, entered, asked) => {
    expect(ofType(named(entered, asked), 'Practitioner')).toHaveLength(2)
  })

  test('a name that two of them have is neither’s', () => {
    const all = named('^MARTIN^PAUL', '1^MARTIN^PAUL^^^^^^X', '2^MARTIN^PAUL^^^^^^X')
    expect(ofType(all, 'Practitioner')).toHaveLength(2)
    expect(JSON.stringify(only(all, 'Provenance').resource)).toContain('"contained"')
  })
})

describe('one place', () => {
  const places = (now: string, before: string) =>
    ofType(sent('ADT^A02', PID, `PV1|1|I|${now}|||${before}`), 'Location')
      .map(({ resource }) => String(resource['name']))
      .toSorted((one, other) => one.localeCompare(other))

  test('with and without its hospital', () => {
    expect(places('CHIR^204^1^CLI', 'CHIR^204^2')).toEqual(['1', '2', '204', 'CHIR', 'CLI'])
  })

  test('with and without its building', () => {
    expect(places('CHIR^204^1^CLI^^^EST', 'CHIR^204^1^CLI')).toEqual(['1', '204', 'CHIR', 'CLI', 'EST'])
  })

  test('two hospitals have a ward each, and a room of one name is in each of its wards', () => {
    expect(places('CHIR^^^NORD', 'CHIR^^^SUD')).toHaveLength(4)
    expect(places('CHIR^1', 'MED^1')).toHaveLength(4)
  })
})
