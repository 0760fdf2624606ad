/** Searches that nobody sends who means well: they are answered or refused soon, and nothing that is not the caller's shows. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { type FoundBundle, idsOf, serve } from './judge.ts'

const server = serve([
  {
    resourceType: 'Patient',
    id: 'ada',
    active: true,
    gender: 'female',
    name: [{ family: 'Lovelace' }],
    managingOrganization: { reference: 'Organization/here' },
  },
  { resourceType: 'Organization', id: 'here', name: 'Here', partOf: { reference: 'Organization/there' } },
  { resourceType: 'Organization', id: 'there', name: 'There', partOf: { reference: 'Organization/here' } },
  {
    resourceType: 'Observation',
    id: 'o1',
    status: 'final',
    code: { coding: [{ system: 'http://acme.org/codes', code: 'v7' }] },
    subject: { reference: 'Patient/ada' },
  },
])

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

async function post(path: string, query: string) {
  const { status, json, text } = await server.fhir().call('POST', `${path}_search`, query, FORM)
  return { status, text, bundle: json as unknown as FoundBundle }
}

const repeated = (count: number, each: (i: number) => string, separator = ',') =>
  Array.from({ length: count }, (_, i) => each(i)).join(separator)

// Titles without the queries, which are long.
describe('five thousand values', () => {
  test.each([
    ['/Patient/', `_id=${repeated(4999, (i) => `x${i}`)},ada`, 'ada'],
    ['/Patient/', `organization=${repeated(4999, (i) => `Organization/x${i}`)},here`, 'ada'],
    ['/Patient/', `gender=${repeated(4999, (i) => `x${i}`)},female`, 'ada'],
    ['/Patient/', `gender:not=${repeated(5000, (i) => `x${i}`)}`, 'ada'],
    ['/Observation/', `code=${repeated(5000, (i) => `v${i}`)}`, 'o1'],
    ['/Observation/', `subject=Patient/ada&code=${repeated(5000, (i) => `v${i}`)}`, 'o1'],
    ['/Observation/', `code=${repeated(5000, (i) => `http://acme.org/codes|v${i}`)}`, 'o1'],
    ['/Observation/', `_sort=-code&code=${repeated(5000, (i) => `v${i}`)}`, 'o1'],
    ['/Patient/', `_has:Observation:patient:code=${repeated(5000, (i) => `v${i}`)}`, 'ada'],
    ['/ValueSet/', `url:below=${repeated(5000, (i) => `http://acme.org/${i}`)}`, ''],
  ] as const)('case %#: are answered', async (path, query, found) => {
    const { status, text, bundle } = await post(path, query)
    expect(status, text.slice(0, 500)).toBe(200)
    expect(idsOf(bundle)).toBe(found)
  })
})

describe('more than a search may ask', () => {
  const steps = (link: string, count: number) => link.repeat(count)
  test.each([
    ['values', '/Patient/', `name=${repeated(1001, (i) => `x${i}`)}`],
    ['values of a composite', '/Observation/', `code-value-quantity=${repeated(501, (i) => `v$${i}`)}`],
    ['criteria', '/Patient/', repeated(50_000, () => 'active=true', '&')],
    ['includes', '/Patient/', repeated(2000, () => '_include=Patient:organization', '&')],
    ['comparisons', '/Patient/', `_filter=${repeated(40_000, (i) => `name eq "a${i}"`, ' or ')}`],
    ['ways of a chain', '/Basic/', `${steps('subject.', 7)}_id=x`],
    ['ways of a chain by URLs', '/Measure/', `${steps('derived-from.', 6)}_id=x`],
    ['ways of a filter', '/Measure/', `_filter=${steps('derived-from.', 40)}_id eq x`],
    [
      'ways of a filter in brackets',
      '/Measure/',
      `_filter=${steps('derived-from[', 40)}_id eq x${steps(']._id eq x', 40)}`,
    ],
    [
      'ways of each of several types',
      '/',
      `_type=Patient,Group,Device,Location,Medication&_has:Basic:subject:${steps('subject.', 5)}_id=1`,
    ],
  ])('%s are refused soon', async (_, path, query) => {
    const started = performance.now()
    const { status, text } = await post(path, query)
    expect([status, text]).toEqual([400, expect.stringContaining('search-tests-too-many')])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test.each([
    ['a name of a megabyte', '/Patient/', `name=${'a'.repeat(1_000_000)}`, 200],
    ['a code of a megabyte', '/Patient/', `identifier=${'a'.repeat(1_000_000)}`, 200],
    ['a number of a megabyte', '/RiskAssessment/', `probability=${'1'.repeat(1_000_000)}`, 400],
    ['a parameter of a megabyte', '/Patient/', `${'a'.repeat(1_000_000)}=1`, 400],
    ['commas of a megabyte', '/Patient/', `name=${','.repeat(1_000_000)}`, 200],
    ['ampersands of a megabyte', '/Patient/', '&'.repeat(1_000_000), 200],
    ['brackets of a megabyte', '/Patient/', `_filter=${'('.repeat(1_000_000)}`, 400],
    ['words of a megabyte', '/Patient/', `_content=${'ab '.repeat(333_333)}`, 400],
    ['a word of a megabyte', '/Patient/', `_content=${'a'.repeat(1_000_000)}`, 400],
    ['a word as long as may be', '/Patient/', `_content=${'a'.repeat(10_000)}`, 200],
    ['words as many as may be', '/Patient/', `_content=${'ab '.repeat(200)}`, 200],
    ['a type of a megabyte', '/', `_type=${'a'.repeat(1_000_000)}`, 400],
    ['keys of a megabyte', '/Patient/', `_sort=${'name,'.repeat(200_000)}`, 400],
    ['a list of a megabyte', '/Patient/', `_list=${'a'.repeat(1_000_000)}`, 400],
    ['backslashes of a megabyte', '/Patient/', `name=${'\\\\'.repeat(500_000)}`, 200],
    ['a chain of a megabyte', '/Organization/', `${steps('partof.', 140_000)}name=a`, 400],
    ['an asker of a megabyte', '/Patient/', `${steps('_has:Observation:patient:', 40_000)}code=a`, 400],
  ])('%s', async (_, path, query, expected) => {
    const { status, text } = await post(path, query)
    expect(status, text.slice(0, 300)).toBe(expected)
  })
})

test('a circle that is included with :iterate comes once', async () => {
  const { bundle } = await post(
    '/Patient/',
    '_include:iterate=Organization:partof&_include=Patient:organization',
  )
  expect(idsOf(bundle, 'include')).toBe('here there')
  const { bundle: back } = await post(
    '/Organization/',
    '_id=here&_revinclude:iterate=Organization:partof&_include:iterate=Organization:partof',
  )
  expect([idsOf(back), idsOf(back, 'include')]).toEqual(['here', 'there'])
})

describe('a cursor', () => {
  const next = async (query: string) => {
    const { bundle } = await post('/Organization/', query)
    return new URL(bundle.link.find(({ relation }) => relation === 'next')!.url).searchParams.get('_cursor')!
  }

  test('of another search, of another type, changed, or cut is refused', async () => {
    const cursor = await next('_count=1&_sort=name')
    const changed = `${cursor.slice(0, -3)}${cursor.at(-3) === 'A' ? 'B' : 'A'}${cursor.slice(-2)}`
    for (const [path, query] of [
      ['/Organization/', `_count=1&_sort=-name&_cursor=${cursor}`],
      ['/Organization/', `_count=1&_sort=name&name=here&_cursor=${cursor}`],
      ['/Patient/', `_count=1&_sort=name&_cursor=${cursor}`],
      ['/', `_type=Organization&_count=1&_cursor=${cursor}`],
      ['/Organization/', `_count=1&_sort=name&_cursor=${changed}`],
      ['/Organization/', `_count=1&_sort=name&_cursor=${cursor.slice(0, -1)}`],
      ['/Organization/', `_count=1&_sort=name&_cursor=${cursor.slice(0, 10)}`],
      ['/Organization/', `_count=1&_sort=name&_cursor=${Buffer.from('["a",1]').toString('base64url')}`],
    ] as const) {
      const { status, text } = await post(path, query)
      expect([query, status, text]).toEqual([query, 400, expect.stringContaining('cursor-invalid')])
    }
    expect((await post('/Organization/', `_count=1&_sort=name&_cursor=${cursor}`)).status).toBe(200)
    expect((await post('/Organization/', `_count=1&_sort=name&_cursor=${cursor}&_cursor=x`)).status).toBe(400)
  })
})

describe('resources of another tenant', () => {
  const OTHER = { authorization: 'Bearer other' }
  const other = () => `${server.fhir().origin}/t/other/fhir`

  beforeAll(async () => {
    const fhir = server.fhir()
    const put = async (type: string, id: string, fields: object) => {
      const url = `${other()}/${type}/${id}`
      expect((await fhir.call('PUT', url, { resourceType: type, id, ...fields }, OTHER)).status).toBe(201)
    }
    await put('Organization', 'theirs', { name: 'Theirs' })
    await put('Patient', 'ada', {
      name: [{ family: 'Else' }],
      managingOrganization: { reference: 'Organization/theirs' },
    })
    await put('Patient', 'eve', {
      name: [{ family: 'Eve' }],
      link: [{ type: 'seealso', other: { reference: 'Patient/ada' } }],
    })
    await put('List', 'theirs', {
      status: 'current',
      mode: 'working',
      entry: [{ item: { reference: 'Patient/ada' } }],
    })
    await put('Observation', 'theirs', {
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/ada' },
    })
    // What is ours points to what is theirs, by its relative and its absolute name.
    for (const [id, organization] of [
      ['relative', 'Organization/theirs'],
      ['absolute', `${other()}/Organization/theirs`],
    ] as const) {
      const patient = { resourceType: 'Patient', id, managingOrganization: { reference: organization } }
      const { status } = await fhir.call('PUT', `/Patient/${id}`, patient)
      if (status !== 201) throw new Error(`${id} was answered ${status}`)
    }
  })

  test.each([
    ['/Patient?_id=eve', ''],
    ['/Patient?organization.name=Theirs', ''],
    ['/Patient?organization:Organization.name:contains=heir', ''],
    ['/Patient?_filter=organization.name eq "Theirs"', ''],
    ['/Patient?_has:Observation:patient:_id=theirs', ''],
    ['/Patient?_has:Patient:link:_id=eve', ''],
    ['/Patient?_list=theirs', ''],
    ['/Patient?_has:List:item:_id=theirs', ''],
    ['/Patient/ada/Observation?_id=theirs', ''],
    ['/Patient/ada/*?_id=theirs', ''],
    ['/Patient/eve/*', ''],
    ['/Organization?_has:Patient:organization:_id=relative,absolute', ''],
    ['/Patient?_id=relative,absolute&_include=Patient:organization', ''],
    ['/Patient?_id=relative,absolute&_include=*', ''],
    ['/Patient?_id=ada&_revinclude=Observation:patient', 'o1'],
    ['/Patient?_id=ada&_revinclude=*', 'o1'],
    ['/Patient?_id=ada&_include:iterate=*&_revinclude:iterate=*', 'here o1 there'],
  ])('%s does not find them', async (query, included) => {
    const { status, text, json } = await server.fhir().call('GET', encodeURI(query))
    expect(status, text).toBe(200)
    expect(idsOf(json as unknown as FoundBundle, 'include')).toBe(included)
    const { entry = [] } = json as unknown as FoundBundle
    expect(JSON.stringify(entry)).not.toMatch(/"Theirs"|"Eve"|"Else"|"theirs"|"eve"/)
  })

  test('the name of an absolute reference to another tenant finds what says it', async () => {
    const query = `/Patient?organization=${encodeURIComponent(`${other()}/Organization/theirs`)}`
    const { json } = await server.fhir().call('GET', query)
    expect(idsOf(json as unknown as FoundBundle)).toBe('absolute')
  })

  test('a page of theirs is none of ours', async () => {
    const { json } = await server.fhir().call('GET', `${other()}/Patient?_count=1`, undefined, OTHER)
    const next = (json as unknown as FoundBundle).link.find(({ relation }) => relation === 'next')!.url
    const cursor = new URL(next).searchParams.get('_cursor')!
    expect((await post('/Patient/', `_count=1&_cursor=${cursor}`)).status).toBe(400)
    expect((await server.fhir().call('GET', next)).status).toBe(403)
  })
})

describe('a query of anything', () => {
  const NAMES = [
    '_id',
    '_lastUpdated',
    '_tag',
    '_profile',
    '_security',
    '_source',
    '_text',
    '_content',
    '_list',
    '_filter',
    '_sort',
    '_count',
    '_total',
    '_summary',
    '_elements',
    '_include',
    '_revinclude',
    '_include:iterate',
    '_cursor',
    '_type',
    '_has',
    '_contained',
    '_query',
    '_format',
    '_pretty',
    'code',
    'date',
    'subject',
    'value-quantity',
    'value-string',
    'value-concept',
    'combo-code-value-quantity',
    'identifier',
    'patient',
    'subject.name',
    'patient.birthdate',
    'subject:Patient.organization.name',
    '_has:Provenance:target:agent',
    '_has:Observation:has-member:code',
    'derived-from',
    'based-on',
    'status',
    'encounter:Encounter.date',
    '__proto__',
    'constructor',
    'toString',
    'name',
    '',
  ]
  const MODIFIERS = [
    'missing',
    'exact',
    'contains',
    'text',
    'not',
    'above',
    'below',
    'in',
    'not-in',
    'of-type',
    'identifier',
    'iterate',
    'recurse',
    'Patient',
    'Group',
    'Patience',
    '__proto__',
    'constructor',
    '',
  ]
  const VALUES = [
    'true',
    'false',
    'ada',
    'Patient/ada',
    'http://acme.org/codes|v7',
    '|',
    'a|',
    '|a',
    'a|b|c',
    '2024',
    'ge2024-02-30',
    '2024-03-31T02:30',
    'lt5.40e-3',
    '5|http://unitsofmeasure.org|mg',
    '1e400',
    '-0',
    'v7$5',
    '$',
    '\\',
    '\\,',
    ',',
    '*',
    'Observation:subject',
    'Observation:subject:Patient',
    '*:*',
    '-date,code',
    'count',
    'none',
    'accurate',
    'name eq "x"',
    'subject.name co "x" and not (code eq v7)',
    'date ge 2024',
    '(((',
    '"',
    "'",
    ';--',
    '%',
    '_',
    '\u{1f600}',
    'é',
    '\ufffd',
    '\ud800',
    '\u0000',
    ' ',
    '-1',
    '0',
    '99999999999999999999',
    'NaN',
    '🙂'.repeat(300),
  ]
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  )
  const value = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
    { weight: 2, arbitrary: fc.array(fc.constantFrom(...VALUES), { maxLength: 5 }).map((all) => all.join()) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  )
  const parameter = fc
    .tuple(name, fc.option(fc.constantFrom(...MODIFIERS), { freq: 2, nil: undefined }), value)
    .map(([named, modifier, given]) => {
      const whole = modifier === undefined ? named : `${named}:${modifier}`
      return `${escaped(whole)}=${escaped(given)}`
    })
  const raw = fc.string({ unit: fc.constantFrom(...'%&=?+;.:|,$\\/#0aFé()[]"\u0000'), maxLength: 30 })
  const query = fc
    .array(fc.oneof({ weight: 9, arbitrary: parameter }, { weight: 1, arbitrary: raw }), { maxLength: 5 })
    .map((all) => all.join('&'))
  const path = fc.constantFrom(
    '/Observation/',
    '/Patient/',
    '/',
    '/Patient/ada/Observation/',
    '/Patient/ada/',
  )
  const lenient = fc.boolean()

  test('is answered with a Bundle or told what is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(path, query, lenient, async (where, asked, isLenient) => {
        const headers = { ...FORM, ...(isLenient && { prefer: 'handling=lenient' }) }
        const { status, text } = await server.fhir().call('POST', `${where}_search`, asked, headers)
        const kind = /"resourceType": ?"(\w+)"|<(\w+) xmlns/.exec(text)
        expect([status, kind?.[1] ?? kind?.[2]], `${asked}: ${text.slice(0, 400)}`).toEqual(
          status === 200 ? [200, 'Bundle'] : [expect.toSatisfy(isClientError), 'OperationOutcome'],
        )
      }),
      { numRuns: 1500 },
    )
  }, 120_000)
})

function isClientError(status: number): boolean {
  return status === 400 || status === 406
}

/** Lone surrogates can't be escaped: as a client that puts their bytes there all the same. */
function escaped(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80'
}
