import fc from 'fast-check'
import { expect, test } from 'vitest'

import { testDatabase } from '../../../test/support/database.ts'
import { matchesRequest } from '../../fhir/index.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { exactJsonOf, type JsonObject } from '../../kernel/json.ts'
import type { SearchStore } from '../index.ts'
import { foldMeaning, spellMeaning } from '../token-meaning.ts'
import { searchFor, testContext, testExtractor, testStore } from '../testing.ts'

const FAMILIES = ['Martin', 'martín', 'MARTINEZ', 'Durand', 'Lefèvre', 'Müller', '李', '𝒜da']
const BIRTHS = ['1980', '1980-05', '1980-05-17', '1979-12-31', '2001-02', '2024']
const SYSTEMS = ['urn:a', 'urn:b', undefined]

const patient = fc.record(
  {
    family: fc.constantFrom(...FAMILIES),
    birthDate: fc.constantFrom(...BIRTHS),
    gender: fc.constantFrom('male', 'female', 'unknown'),
    system: fc.constantFrom(...SYSTEMS),
    value: fc.constantFrom('1', '2', 'A', 'a'),
    practitioner: fc.constantFrom('x', 'y'),
  },
  { requiredKeys: ['gender'] },
)

const query = fc.constantFrom(
  'family=mart',
  'family=MART,dur',
  'family:exact=martín',
  'family:contains=art',
  'birthdate=1980',
  'birthdate=ge1980-05',
  'birthdate=lt1980-05-17&gender=male',
  'birthdate=ne1980-05-17',
  'birthdate=gt1980-05',
  'birthdate=le1980-05',
  'birthdate=sa1980',
  'birthdate=eb2001',
  'identifier=urn:a|1',
  'identifier=urn:a|',
  'identifier=|1',
  'identifier=a',
  'identifier=urn:a|1,urn:b|2&gender=female',
  'identifier=urn:b|&family=m',
  'general-practitioner=Practitioner/x',
  'general-practitioner=x&birthdate=1980',
  'general-practitioner:Organization=x',
  'gender=male,female&family=l',
  'gender=female&birthdate=1979,2001',
  '_id=p1,p2,p3&gender=male',
  '_lastUpdated=gt2020',
  '_lastUpdated=lt2020',
  'identifier=nothing',
)
const sort = fc.constantFrom(
  undefined,
  'birthdate',
  '-birthdate',
  'family',
  '-family',
  'gender',
  '-identifier',
  '_id',
  '-_id',
  '_lastUpdated',
  'gender,-birthdate',
  '-family,_id',
  'family,-birthdate,_id',
  '-birthdate,-identifier',
  'identifier,general-practitioner,-_lastUpdated',
  'general-practitioner,family',
)

test('every search finds exactly what the specification says, in order, once, on pages of any size', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  let runs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(patient, { maxLength: 25 }),
      fc.array(fc.tuple(query, sort), { minLength: 4, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      async (patients, searches, count) => {
        const tenant = await database.addTenant(`run-${runs++}`)
        const resources = patients.map((fields, i) => resourceOf(fields, `p${i}`))
        await repository.commit(
          tenant,
          resources.map((resource) => ({
            type: 'Patient',
            id: String(resource['id']),
            make: () => exactJsonOf(resource),
          })),
        )
        for (const [criteria, order] of searches) {
          const text = order ? `${criteria}&_sort=${order}` : criteria
          const found = await allPages(search, tenant, text, count)
          expect(found.toSorted(), text).toEqual(expected(resources, criteria))
          expect(
            (await search.search(tenant, searchFor('Patient', `${text}&_total=accurate&_count=0`))).total,
            text,
          ).toBe(found.length)
          if (order) expectSorted(found, resources, order)
        }
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)

test('a page goes on where the last one ended while others write', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const put = (id: string) =>
    repository.commit(database.tenant, [
      {
        type: 'Patient',
        id,
        make: () => exactJsonOf({ resourceType: 'Patient', active: true, name: [{ family: `F${id}` }] }),
      },
    ])
  for (let i = 0; i < 6; i++) await put(`p${i}`)
  const first = await search.search(database.tenant, searchFor('Patient', 'active=true&_count=3'))
  expect(first.entries.map(({ id }) => id)).toEqual(['p5', 'p4', 'p3'])
  await put('p9')
  await repository.commit(database.tenant, [{ type: 'Patient', id: 'p4', make: () => 'delete' }])
  const second = await search.search(
    database.tenant,
    searchFor('Patient', `active=true&_count=3&_cursor=${first.next}`),
  )
  expect(second.entries.map(({ id }) => id)).toEqual(['p2', 'p1', 'p0'])
  expect(second.next).toBeUndefined()
})

test('an order by several keys goes on where the last page ended while others write', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const { tenant } = database
  const change = (id: string, birthDate: string, family: string) => ({
    type: 'Patient',
    id,
    make: () => exactJsonOf({ resourceType: 'Patient', active: true, birthDate, name: [{ family }] }),
  })
  // Too many to be collected, and hundreds that share a day.
  const born = (i: number) => `2000-01-0${1 + (i % 9)}`
  const family = (i: number) => `F${String((i * 7919) % 2600).padStart(4, '0')}`
  const all = Array.from({ length: 2600 }, (_, i) => i)
  await repository.commit(
    tenant,
    all.map((i) => change(`p${i}`, born(i), family(i))),
  )
  const wanted = all
    .toSorted((a, b) => (born(a) === born(b) ? (family(b) < family(a) ? -1 : 1) : born(a) < born(b) ? -1 : 1))
    .map((i) => `p${i}`)
  const text = 'active=true&_sort=birthdate,-family&_count=100'
  const first = await search.search(tenant, searchFor('Patient', text))
  expect(first.entries.map(({ id }) => id)).toEqual(wanted.slice(0, 100))
  await repository.commit(tenant, [
    { type: 'Patient', id: wanted[99]!, make: () => 'delete' },
    change('before', '2000-01-01', 'Z'),
    change('behind', '2000-01-01', 'A'),
  ])
  const second = await search.search(tenant, searchFor('Patient', `${text}&_cursor=${first.next}`))
  expect(second.entries.map(({ id }) => id)).toEqual(wanted.slice(100, 200))
  const third = await search.search(tenant, searchFor('Patient', `${text}&_cursor=${second.next}`))
  // 289 share the first day, and the one that is new.
  expect(third.entries.map(({ id }) => id)).toEqual([
    ...wanted.slice(200, 289),
    'behind',
    ...wanted.slice(289, 299),
  ])
}, 60_000)

test('an order over several types is one, whether their matches are few or many', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const { tenant } = database
  const genders = ['male', 'female', 'other', undefined]
  const change = (type: string, i: number) => ({
    type,
    id: `${type}-${i}`,
    make: () =>
      exactJsonOf({ resourceType: type, active: true, ...(genders[i % 4] && { gender: genders[i % 4]! }) }),
  })
  for (const [type, from, to] of [
    ['Patient', 0, 1200],
    ['Practitioner', 0, 40],
    ['Patient', 1200, 2400],
  ] as const) {
    await repository.commit(
      tenant,
      Array.from({ length: to - from }, (_, i) => change(type, from + i)),
    )
  }
  for (const order of ['gender', '-gender', 'gender,-_id']) {
    const found: string[] = []
    const text = `active=true&_sort=${order}&_count=230`
    for (let next: string | undefined = ''; next !== undefined;) {
      const asked = `${text}${next === '' ? '' : `&_cursor=${next}`}`
      const page = await search.searchTypes(tenant, [
        searchFor('Patient', asked),
        searchFor('Practitioner', asked),
      ])
      found.push(...page.entries.map(({ id }) => id))
      next = page.next
    }
    expect([found.length, new Set(found).size], order).toEqual([2440, 2440])
    const shown = found.map((id) => genders[Number(id.split('-')[1]) % 4])
    const wanted = order.startsWith('-') ? ['other', 'male', 'female'] : ['female', 'male', 'other']
    expect([...new Set(shown)], order).toEqual([...wanted, undefined])
    // Each once in one stretch.
    expect(shown.filter((gender, i) => gender !== shown[i - 1])).toHaveLength(4)
  }
}, 60_000)

test('a forged cursor is refused', async () => {
  await using database = await testDatabase()
  const { search } = testStore(database.db)
  await expect(
    search.search(database.tenant, searchFor('Patient', 'active=true&_cursor=nonsense')),
  ).rejects.toMatchObject({
    kind: 'invalid',
    code: 'search-cursor',
  })
})

test('values of thousands of resources stream in order when too many match to be collected', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  const total = 2600
  const resources = Array.from({ length: total }, (_, i) => ({
    resourceType: 'Patient',
    id: `p${i}`,
    active: true,
    gender: i % 2 ? 'male' : 'female',
    ...(i % 13 === 0
      ? {}
      : { birthDate: `19${10 + (i % 90)}-01-0${1 + (i % 9)}`, name: [{ family: `F${(i * 7) % 101}` }] }),
    ...(i % 11 === 0
      ? {}
      : {
          identifier: [
            { system: 'urn:a', value: `${(i * 31) % 997}` },
            { system: 'urn:b', value: `${i}` },
          ],
        }),
  }))
  await repository.commit(
    database.tenant,
    resources.map((resource) => ({
      type: 'Patient',
      id: resource.id,
      make: () => exactJsonOf(resource as JsonObject),
    })),
  )
  for (const order of [
    'birthdate',
    '-birthdate',
    'family',
    '-identifier',
    'identifier',
    '_id',
    '-_lastUpdated',
    'gender,-birthdate',
    '-gender,family,-identifier',
    '-birthdate,family,_id',
    'family,gender,birthdate',
    'identifier,-birthdate',
    '_lastUpdated,-family,birthdate',
  ]) {
    const found = await allPages(search, database.tenant, `active=true&_sort=${order}`, 900)
    expect(found.length, order).toBe(total)
    expect(new Set(found).size, order).toBe(total)
    expectSorted(found, resources as JsonObject[], order)
  }
}, 60_000)

function resourceOf(fields: Record<string, string | undefined>, id: string): JsonObject {
  const { family, birthDate, gender, system, value, practitioner } = fields
  return {
    resourceType: 'Patient',
    id,
    gender: gender!,
    ...(family && { name: [{ family }] }),
    ...(birthDate && { birthDate }),
    ...(value && { identifier: [{ ...(system && { system }), value }] }),
    ...(practitioner && { generalPractitioner: [{ reference: `Practitioner/${practitioner}` }] }),
  }
}

async function allPages(
  search: SearchStore,
  tenant: TenantId,
  text: string,
  count: number,
): Promise<string[]> {
  const found: string[] = []
  let cursor = ''
  for (;;) {
    const page = await search.search(tenant, searchFor('Patient', `${text}&_count=${count}${cursor}`))
    found.push(...page.entries.map(({ id }) => id))
    if (page.next === undefined) return found
    expect(page.entries).toHaveLength(count)
    cursor = `&_cursor=${page.next}`
  }
}

function entriesOf(resource: JsonObject) {
  const entries = testExtractor.extract(resource, 'Patient', testContext)
  // These two the store reads off the row.
  const now = Date.now()
  return {
    ...entries,
    tokens: [...entries.tokens, { param: '_id', system: undefined, code: String(resource['id']) }],
    dates: [...entries.dates, { param: '_lastUpdated', from: now, to: now + 1 }],
  }
}

function expected(resources: readonly JsonObject[], criteria: string): string[] {
  const request = searchFor('Patient', criteria)
  return resources
    .filter((resource) => matchesRequest(entriesOf(resource), request))
    .map((resource) => String(resource['id']))
    .sort()
}

/** Each key of the order rises (or falls) where those before it are the same, and what has none comes last. */
function expectSorted(found: readonly string[], resources: readonly JsonObject[], order: string): void {
  const all = order.split(',')
  // Behind a time of change, which the store alone knows, nothing can be told.
  const parts = all.slice(
    0,
    all
      .map((part) => part.replace(/^-/, ''))
      .concat('_lastUpdated')
      .indexOf('_lastUpdated'),
  )
  const byId = new Map(resources.map((resource) => [String(resource['id']), resource]))
  const keys = found.map((id) =>
    parts.map((part) => keysOf(byId.get(id)!, part.replace(/^-/, ''), part.startsWith('-'))),
  )
  for (let i = 1; i < keys.length; i++) {
    const [a, b] = [keys[i - 1]!, keys[i]!]
    const at = parts.findIndex((_, k) => a[k] !== b[k])
    if (at >= 0) expect(isBefore(a[at], b[at], parts[at]!.startsWith('-')), `${order} at ${i}`).toBe(true)
  }
}

function isBefore(
  a: string | number | undefined,
  b: string | number | undefined,
  descending: boolean,
): boolean {
  if (a === undefined || b === undefined) return b === undefined
  const order = typeof a === 'number' ? a - Number(b) : Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
  return descending ? order > 0 : order < 0
}

function keysOf(resource: JsonObject, code: string, descending: boolean): string | number | undefined {
  const entries = entriesOf(resource)
  const dates = entries.dates.filter(({ param }) => param === code).map(({ from }) => from)
  if (dates.length > 0) return descending ? Math.max(...dates) : Math.min(...dates)
  const tokens = entries.tokens
    .filter(({ param }) => param === code)
    .map((token) => foldMeaning(spellMeaning(token.system, token.code)))
  const references = entries.references.filter(({ param }) => param === code).map(({ target }) => target)
  const strings = entries.strings
    .filter(({ param }) => param === code)
    .map(({ value }) => value.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase())
  const all = [...tokens, ...references, ...strings].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  return descending ? all.at(-1) : all[0]
}

test('who writes a code in capitals has the place of those who do not', async () => {
  await using database = await testDatabase()
  const { repository, search } = testStore(database.db)
  for (const [id, value] of Object.entries({ p0: 'b', p1: 'B', p2: 'a', p3: 'c' })) {
    const make = () => exactJsonOf({ resourceType: 'Patient', identifier: [{ value }] })
    await repository.commit(database.tenant, [{ type: 'Patient', id, make }])
  }
  const found = await allPages(search, database.tenant, '_lastUpdated=gt2020&_sort=-identifier', 1)
  expect(found).toEqual(['p3', 'p1', 'p0', 'p2'])
})
