/** The order of what is found. https://hl7.org/fhir/R4/search.html#_sort */
import { expect, test } from 'vitest'

import { pagesOf } from '../pages.fixture.ts'
import { serve } from './judge.ts'

const person = (id: string, family: string | undefined, birthDate?: string, gender?: string) => ({
  resourceType: 'Patient',
  id,
  active: true,
  ...(family && { name: [{ family }] }),
  ...(birthDate && { birthDate }),
  ...(gender && { gender }),
})

const { fhir } = serve([
  person('a', 'Durand', '1980-05-17', 'female'),
  person('b', 'durand', '1980', 'male'),
  person('c', 'Dürand', undefined, 'female'),
  person('d', 'Martin', '1979-12-31'),
  person('e', 'Martin', '1979-12-31', 'male'),
  person('f', undefined, '1979-12-31', 'female'),
  person('g', undefined, undefined, 'male'),
])

const ORDERS: readonly (readonly [sort: string, ids: string])[] = [
  // Case and accents make no difference; what has no value comes last, whatever the direction.
  ['_sort=family,birthdate', 'b a c d e f g'],
  ['_sort=family,-birthdate', 'a b c e d f g'],
  ['_sort=-family,gender,_id', 'e d a c b f g'],
  ['_sort=birthdate,-_id', 'f e d b a g c'],
  ['_sort=gender,-birthdate,_id', 'a f c b e g d'],
  // "can repeat for inner sort orders"
  ['_sort=gender&_sort=-birthdate&_sort=_id', 'a f c b e g d'],
  ['_sort=-gender,birthdate', 'e b g f a c d'],
]

test.each(ORDERS)('Patient?%s → %s, on one page and on pages of any size', async (sort, ids) => {
  for (const count of [50, 1, 2, 3]) {
    const found = (await pagesOf(fhir(), `/Patient?active=true&${sort}&_count=${count}`)).flat()
    expect(found.join(' ')).toBe(ids)
  }
})
