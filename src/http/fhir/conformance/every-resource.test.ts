/** What all resources are searched by, and what a search answers. https://hl7.org/fhir/R4/search.html#all, #return */
import { describe, expect, test } from 'vitest'

import { type FoundBundle, idsOf, inOrder, type Sample, serve } from './judge.ts'

const NARRATIVE = (text: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${text}</p></div>`,
})
const condition = (id: string, narrative: string, note: string): Sample => ({
  resourceType: 'Condition',
  id,
  subject: { reference: 'Patient/ada' },
  text: NARRATIVE(narrative),
  note: [{ text: note }],
})

const server = serve([
  {
    resourceType: 'Patient',
    id: 'ada',
    name: [{ family: 'Ada' }],
    gender: 'female',
    birthDate: '1980-01-01',
    active: true,
  },
  { resourceType: 'Patient', id: 'bob', name: [{ family: 'Bob' }], gender: 'male', birthDate: '1970-01-01' },
  { resourceType: 'Patient', id: 'cleo', name: [{ family: 'Cleo' }], gender: 'female' },
  { resourceType: 'Practitioner', id: 'ada', name: [{ family: 'Other' }] },
  condition('bone', 'Tumour of the bone with metastases', 'first'),
  condition('liver', 'Lesions of the liver; metastases seen', 'second'),
  condition('clean', 'Bone scan without findings', 'metastases excluded'),
  condition('french', 'Cancer du foie avec des métastases', 'troisième'),
  {
    resourceType: 'List',
    id: 'team',
    status: 'current',
    mode: 'working',
    entry: [{ item: { reference: 'Patient/ada' } }, { item: { reference: 'Patient/bob' } }],
  },
  { resourceType: 'List', id: 'empty', status: 'current', mode: 'working' },
  {
    resourceType: 'Observation',
    id: 'o1',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/ada' },
    effectiveDateTime: '2020',
  },
])

async function search(query: string, headers?: Record<string, string>) {
  const { status, json, text } = await server.fhir().call('GET', `/${query}`, undefined, headers)
  expect(status, text).toBe(200)
  return json as unknown as FoundBundle
}

describe('texts, lists, types and compartments', () => {
  test.each([
    ['Condition?_text=metastases', 'bone liver'],
    ['Condition?_text=(bone OR liver) and metastases', 'bone liver'],
    ['Condition?_text=bone', 'bone clean'],
    ['Condition?_text=bone AND metastases', 'bone'],
    ['Condition?_text=bone metastases', 'bone'],
    ['Condition?_text=bone NOT metastases', 'clean'],
    ['Condition?_text=bone -metastases', 'clean'],
    ['Condition?_text="bone scan"', 'clean'],
    ['Condition?_text="scan bone"', ''],
    ['Condition?_text=liver or foie', 'french liver'],
    ['Condition?_text=(liver or foie) and (metastases or métastases)', 'french liver'],
    ['Condition?_text=lesion', 'liver'],
    ['Condition?_text=metastase', 'bone liver'],
    ['Condition?_text=métastase', 'french'],
    ['Condition?_text=((bone', 'bone clean'],
    ['Condition?_text=not metastases', 'clean french'],
    ['Condition?_text=not (metastases or métastases)', 'clean'],
    ['Condition?_content=metastases', 'bone clean liver'],
    ['Condition?_content=second', 'liver'],
    ['Condition?_content=excluded and bone', 'clean'],
    ['Condition?_text=nothing', ''],
    ['Condition?_text=metastases&subject=Patient/bob', ''],
    ['Patient?_list=team', 'ada bob'],
    ['Patient?_list=team&gender=female', 'ada'],
    ['Patient?_list=empty', ''],
    ['Patient?_list=nothing', ''],
    ['Practitioner?_list=team', ''],
    ['?_type=Patient,Practitioner&_id=ada', 'ada ada'],
    ['?_type=Patient,Practitioner&name=ada', 'ada'],
    ['?_type=Patient&gender=female', 'ada cleo'],
    ['?_id=team', 'team'],
    ['?_list=team', 'ada bob'],
    ['Patient/ada/Condition', 'bone clean french liver'],
    ['Patient/ada/Condition?_text=bone', 'bone clean'],
    ['Patient/ada/*?_type=Observation,List', 'o1'],
    ['Patient/nobody/Observation', ''],
    ['Patient?_lastUpdated=gt2020-01-01', 'ada bob cleo'],
    ['Patient?_lastUpdated=lt2020-01-01', ''],
    ['Patient?_lastUpdated=ge2020&_lastUpdated=lt2100', 'ada bob cleo'],
    ['Patient?_lastUpdated=ne2020', 'ada bob cleo'],
    ['Patient?_lastUpdated=eb2021', ''],
    ['Patient?_lastUpdated=sa2021', 'ada bob cleo'],
  ])('%s → %s', async (query, expected) =>
    expect(idsOf(await search(query.replaceAll(' ', '%20').replaceAll('"', '%22')))).toBe(expected),
  )
})

test('the best comes first, and each entry tells how good it is', async () => {
  const { entry = [] } = await search('Condition?_text=bone%20or%20scan&_sort=_score')
  const scores = entry.map((each) => each.search.score!)
  expect(entry[0]!.resource['id']).toBe('clean')
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  for (const score of scores) expect(score > 0 && score <= 1, String(score)).toBe(true)
})

describe('what is empty, unknown, or asked leniently', () => {
  test.each([
    // "Empty parameters are not an error - they are just ignored by the server."
    ['Patient?name=', 'ada bob cleo'],
    ['Patient?name=&gender=male', 'bob'],
    ['Patient?name=,&gender=male', 'bob'],
    ['Patient?gender=male,,other', 'bob'],
    ['Patient?_sort=&_count=&_include=&_total=', 'ada bob cleo'],
    ['Patient?gender:not=', 'ada bob cleo'],
    ['Patient?organization.name=', 'ada bob cleo'],
    ['Patient?', 'ada bob cleo'],
  ])('%s → %s', async (query, expected) => {
    const bundle = await search(query)
    expect(idsOf(bundle)).toBe(expected)
    expect(bundle.link[0]!.url).not.toMatch(/=(?:&|$)/)
  })

  test.each([
    ['Patient?nothing=x&gender=male', 'bob', 'gender=male'],
    ['Patient?gender=male&_sort=nothing', 'bob', 'gender=male'],
    ['Patient?gender=male&nothing.name=x&_has:Nothing:x:y=z', 'bob', 'gender=male'],
    ['Patient?gender=male&_include=Patient:nothing', 'bob', 'gender=male'],
    ['Patient?gender=male&_containedType=container', 'bob', 'gender=male'],
  ])('%s, leniently', async (query, expected, shown) => {
    const bundle = await search(query, { prefer: 'handling=lenient' })
    expect(idsOf(bundle)).toBe(expected)
    expect(bundle.link[0]!.url).toMatch(new RegExp(`/Patient\\?${shown}$`))
    expect((await server.fhir().call('GET', `/${query}`)).status).toBe(400)
  })

  // "Server SHALL reject any search request that … is suffixed by a modifier", "SHALL refuse to process" a query unknown
  test.each([
    'Patient?gender:exact=male',
    'Patient?name:nothing=x',
    'Patient?_query=x',
    'Patient?birthdate=soon',
    'Patient?name=x\\y',
  ])('%s is refused, leniently too', async (query) => {
    const { status } = await server.fhir().call('GET', `/${query}`, undefined, { prefer: 'handling=lenient' })
    expect(status).toBe(400)
  })
})

describe('the answer', () => {
  test('is a searchset with links, full URLs and modes', async () => {
    const { base } = server.fhir()
    const bundle = await search('Patient?gender=male')
    expect(bundle).toMatchObject({
      resourceType: 'Bundle',
      type: 'searchset',
      total: 1,
      link: [{ relation: 'self', url: `${base}/Patient?gender=male` }],
      entry: [{ fullUrl: `${base}/Patient/bob`, resource: { id: 'bob' }, search: { mode: 'match' } }],
    })
  })

  test('"if _count has the value 0": the total, no entries, no other links', async () => {
    for (const query of [
      '_count=0',
      '_summary=count',
      '_count=0&_total=none',
      '_count=0&_include=Patient:organization',
    ]) {
      const bundle = await search(`Patient?gender=female&${query}`)
      expect([bundle.total, bundle.entry, bundle.link.map(({ relation }) => relation)], query).toEqual([
        2,
        undefined,
        ['self'],
      ])
    }
  })

  test('the total is of all matches, on every page', async () => {
    const first = await search('Patient?_count=1&_total=accurate&_sort=_id')
    expect([first.total, first.entry?.length]).toEqual([3, 1])
    const second = await search(pathOf(nextOf(first)!))
    expect([second.total, idsOf(second)]).toEqual([3, 'bob'])
    expect((await search('Patient?_count=1&_total=none')).total).toBeUndefined()
    expect((await search('Patient?_count=1&_total=estimate')).total).toBe(3)
  })

  test('"the server SHALL return the parameters that were actually used"', async () => {
    const { link } = await search('Patient?_count=5000&gender=male')
    expect(new URL(link[0]!.url).searchParams.get('_count')).toBe('1000')
  })

  test('next works by GET after a POST, with what the form and the URL asked for', async () => {
    const { status, json } = await server
      .fhir()
      .call('POST', '/Patient/_search?gender=female', '_count=1&_sort=_id', {
        'content-type': 'application/x-www-form-urlencoded',
      })
    expect(status).toBe(200)
    const first = json as unknown as FoundBundle
    expect(idsOf(first)).toBe('ada')
    const self = new URL(first.link.find(({ relation }) => relation === 'self')!.url)
    expect([
      self.pathname.endsWith('/Patient'),
      self.searchParams.get('gender'),
      self.searchParams.get('_sort'),
    ]).toEqual([true, 'female', '_id'])
    const second = await search(pathOf(nextOf(first)!))
    expect([idsOf(second), nextOf(second)]).toEqual(['cleo', undefined])
  })

  test.each([
    ['_sort=birthdate', 'bob ada cleo'],
    ['_sort=-birthdate', 'ada bob cleo'],
    ['_sort=gender,-name', 'cleo ada bob'],
    ['_sort=gender&_sort=-name', 'cleo ada bob'],
    ['_sort=-gender,name', 'bob ada cleo'],
    ['_sort=-_id', 'cleo bob ada'],
    ['_sort=_lastUpdated', undefined],
    ['_sort=active,name', 'ada bob cleo'],
  ])('in order: %s', async (sort, expected) => {
    const whole = inOrder(await search(`Patient?${sort}`))
    if (expected !== undefined) expect(whole.join(' ')).toBe(expected)
    const paged: string[] = []
    for (let path: string | undefined = `Patient?${sort}&_count=1`; path;) {
      const page: FoundBundle = await search(path)
      paged.push(...inOrder(page))
      const next = nextOf(page)
      path = next && pathOf(next)
    }
    expect(paged).toEqual(whole)
  })
})

function nextOf({ link }: FoundBundle): string | undefined {
  return link.find(({ relation }) => relation === 'next')?.url
}

function pathOf(url: string): string {
  return url.slice(server.fhir().base.length + 1)
}
