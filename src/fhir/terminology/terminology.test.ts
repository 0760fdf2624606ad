import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { ANIMALS, animals, named, terminologyOf, valueSet } from './testing.ts'

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical'
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
const SNOMED = 'http://snomed.info/sct'

describe('what R4 defines', () => {
  const { codes, expand, below, above, contains } = terminologyOf()

  test('a value set of all codes of a code system', async () => {
    expect(await expand('http://hl7.org/fhir/ValueSet/observation-status')).toEqual(
      [
        'registered',
        'preliminary',
        'final',
        'amended',
        'corrected',
        'cancelled',
        'entered-in-error',
        'unknown',
      ].map((code) => ({ system: 'http://hl7.org/fhir/observation-status', code })),
    )
  })

  test('codes below another, itself included', async () => {
    expect(await below(CLINICAL, 'active')).toEqual(['active', 'recurrence', 'relapse'])
    expect(await above(CLINICAL, 'relapse')).toEqual(['relapse', 'active'])
  })

  test("HL7 v3's hierarchies, over several levels and with several parents", async () => {
    const encounters = await below(ACT_CODE, '_ActEncounterCode')
    expect(encounters).toEqual(expect.arrayContaining(['AMB', 'EMER', 'IMP', 'ACUTE', 'NONAC', 'VR']))
    expect(await above(ACT_CODE, 'ACUTE')).toEqual([
      'ACUTE',
      'IMP',
      '_ActEncounterCode',
      '_ActCareProvisionCode',
    ])
    const forms = await below('http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm', 'ORALSOL')
    expect(forms).toContain('ORDROP')
  })

  test('a branch of a code system, without its top', async () => {
    const kinds = await codes('http://terminology.hl7.org/ValueSet/v3-ActEncounterCode')
    expect(kinds).toContain('AMB')
    expect(kinds).not.toContain('_ActEncounterCode')
  })

  test("HL7 v2's tables, two editions of one among them", async () => {
    expect(await codes('http://terminology.hl7.org/ValueSet/v2-0001')).toEqual(
      expect.arrayContaining(['F', 'M', 'O', 'U']),
    )
    const [older, newer] = await Promise.all(
      ['2.3.1', '2.7'].map((version) => codes(`http://terminology.hl7.org/ValueSet/v2-${version}-0360`)),
    )
    expect(newer).not.toEqual(older)
  })

  test('a value set with a version is found by it, and not by another', async () => {
    const url = 'http://hl7.org/fhir/ValueSet/administrative-gender'
    expect(await codes(`${url}|4.0.1`)).toHaveLength(4)
    await expect(codes(`${url}|3.0.2`)).rejects.toMatchObject({
      kind: 'not-found',
      code: 'value-set-unknown',
    })
  })

  test('what is listed one by one of a system that is not here', async () => {
    const listed = await expand('http://hl7.org/fhir/ValueSet/observation-vitalsignresult')
    expect(listed).toContainEqual({ system: 'http://loinc.org', code: '8867-4' })
  })

  test('a value set of a system that is not here can not be listed, but some can be said to be in it or not', async () => {
    const bodySites = 'http://hl7.org/fhir/ValueSet/body-site'
    await expect(codes(bodySites)).rejects.toMatchObject({ kind: 'not-found', code: 'code-system-unknown' })
    expect(await contains(bodySites, SNOMED, '80891009')).toBe('unknown')
    expect(await contains(bodySites, 'http://loinc.org', '80891009')).toBe('no')
  })

  test('a code without a system is looked for in all systems', async () => {
    const genders = 'http://hl7.org/fhir/ValueSet/administrative-gender'
    expect(await contains(genders, undefined, 'female')).toBe('yes')
    expect(await contains(genders, undefined, 'woman')).toBe('no')
  })

  test('every value set either is listed or says why not', async () => {
    const { readFileSync } = await import('node:fs')
    const urls = readFileSync(new URL('r4.ndjson', import.meta.url), 'utf8')
      .split('\n')
      .flatMap((line) => /^\["ValueSet","([^"]+)"/.exec(line)?.[1] ?? [])
    const outcomes = await Promise.all(
      urls.map((url) =>
        codes(url).then(
          () => 'listed',
          (failure: { code: string }) => failure.code,
        ),
      ),
    )
    const counts = Map.groupBy(outcomes, (outcome) => outcome)
    expect([...counts.keys()].toSorted()).toEqual(['code-system-unknown', 'listed', 'value-set-unknown'])
    expect(counts.get('listed')!.length).toBeGreaterThan(1150)
  })
})

describe('what nobody knows', () => {
  const { codes, below, contains } = terminologyOf()

  test('is told by its name', async () => {
    await expect(codes(named('none'))).rejects.toMatchObject({
      code: 'value-set-unknown',
      params: { url: named('none') },
    })
    await expect(below(SNOMED, '404684003')).rejects.toMatchObject({
      code: 'code-system-unknown',
      params: { url: SNOMED },
    })
    await expect(codes('ValueSet/none')).rejects.toMatchObject({ code: 'value-set-unknown' })
  })

  test('is not repeated when it is more than a URL', async () => {
    await expect(codes('http://x/<b>Martin</b>')).rejects.toMatchObject({ params: { url: '?' } })
  })

  test('leaves codes undecided', async () => {
    expect(await contains(named('none'), ANIMALS, 'dog')).toBe('unknown')
  })

  test('a code that its system does not have stands alone', async () => {
    expect(await below(CLINICAL, 'dozing')).toEqual(['dozing'])
  })
})

describe('a hierarchy', () => {
  test('comes from nesting and from properties, and a code may have several parents', async () => {
    const { below, above } = terminologyOf([animals])
    expect(await below(ANIMALS, 'flyer')).toEqual(['flyer', 'bat', 'bird'])
    expect(new Set(await above(ANIMALS, 'bat'))).toEqual(new Set(['bat', 'mammal', 'flyer', 'animal']))
  })

  test('that is none of is-a subsumes nothing', async () => {
    const { below } = terminologyOf([{ ...animals, hierarchyMeaning: 'part-of' }])
    expect(await below(ANIMALS, 'animal')).toEqual(['animal'])
  })

  test('with a circle ends', async () => {
    const concept = [
      { code: 'a', property: [{ code: 'parent', valueCode: 'b' }] },
      { code: 'b', property: [{ code: 'subsumedBy', valueCode: 'a' }] },
    ]
    const { below, above } = terminologyOf([{ ...animals, concept }])
    expect(await below(ANIMALS, 'a')).toEqual(['a', 'b'])
    expect(await above(ANIMALS, 'a')).toEqual(['a', 'b'])
  })

  test('heeds that a system takes no notice of case', async () => {
    const { below, contains } = terminologyOf([{ ...animals, caseSensitive: false }])
    expect(await below(ANIMALS, 'Mammal')).toEqual(['mammal', 'dog', 'bat'])
    expect(await contains(named('all-animals'), ANIMALS, 'DOG')).toBe('yes')
    expect(await terminologyOf([animals]).contains(named('all-animals'), ANIMALS, 'DOG')).toBe('no')
  })

  test('with more codes in a branch than the limit is not listed', async () => {
    const { below, above } = terminologyOf([animals], { codes: 3 })
    await expect(below(ANIMALS, 'animal')).rejects.toMatchObject({ code: 'value-set-too-costly' })
    expect(await below(ANIMALS, 'mammal')).toHaveLength(3)
    expect(await above(ANIMALS, 'dog')).toHaveLength(3)
  })

  test('of more concepts than can be kept is refused, by value sets too', async () => {
    const concept = Array.from({ length: 300_001 }, (_, i) => ({ code: `c${i}` }))
    const { below, contains, codes } = terminologyOf([{ ...animals, concept }])
    await expect(below(ANIMALS, 'c1')).rejects.toMatchObject({ code: 'code-system-too-large' })
    await expect(codes(named('all-animals'))).rejects.toMatchObject({ code: 'code-system-too-large' })
    expect(await contains(named('all-animals'), ANIMALS, 'c1')).toBe('unknown')
  })

  test('a hundred thousand codes under one are no trouble', async () => {
    const concept = [{ code: 'top', concept: Array.from({ length: 100_000 }, (_, i) => ({ code: `c${i}` })) }]
    const { below } = terminologyOf([{ ...animals, concept }], { codes: 200_000 })
    expect(await below(ANIMALS, 'top')).toHaveLength(100_001)
  })
})

describe('a filter', () => {
  test.each<[string, JsonObject[], string[]]>([
    ['is-a', [{ property: 'concept', op: 'is-a', value: 'mammal' }], ['mammal', 'dog', 'bat']],
    ['descendent-of', [{ property: 'concept', op: 'descendent-of', value: 'mammal' }], ['dog', 'bat']],
    ['is-not-a', [{ property: 'concept', op: 'is-not-a', value: 'animal' }], ['stone']],
    ['generalizes', [{ property: 'concept', op: 'generalizes', value: 'dog' }], ['dog', 'mammal', 'animal']],
    ['=', [{ property: 'legs', op: '=', value: '2' }], ['bat', 'bird', 'dodo']],
    ['= of a parent', [{ property: 'parent', op: '=', value: 'flyer' }], ['bird', 'bat']],
    ['in', [{ property: 'code', op: 'in', value: 'dog, stone' }], ['dog', 'stone']],
    ['not-in', [{ property: 'legs', op: 'not-in', value: '2,4' }], ['animal', 'mammal', 'flyer', 'stone']],
    ['exists', [{ property: 'food', op: 'exists', value: 'true' }], ['dog']],
    ['regex, on the whole of it', [{ property: 'code', op: 'regex', value: 'd.|b.*' }], ['bat', 'bird']],
    ['regex on displays', [{ property: 'display', op: 'regex', value: '\\p{L}o.*' }], ['dog']],
    [
      'several, of which all must hold',
      [
        { property: 'legs', op: '=', value: '2' },
        { property: 'concept', op: 'is-a', value: 'mammal' },
      ],
      ['bat'],
    ],
  ])('%s', async (_name, filter, expected) => {
    const { codes } = terminologyOf([animals, valueSet('some', { system: ANIMALS, filter })])
    expect((await codes(named('some'))).toSorted()).toEqual(expected.toSorted())
  })

  test.each<[string, JsonObject, string]>([
    ['a code that is none', { property: 'concept', op: 'is-a', value: 'mamal' }, 'code-unknown'],
    ['a property that is none', { property: 'wings', op: '=', value: '2' }, 'value-set-filter-property'],
    ['a branch of numbers', { property: 'legs', op: 'is-a', value: '2' }, 'value-set-filter'],
    ['a pattern that is none', { property: 'code', op: 'regex', value: '(' }, 'value-set-regex'],
    ['a pattern that breaks out', { property: 'code', op: 'regex', value: 'a)|(?:b' }, 'value-set-regex'],
  ])('%s is refused', async (_name, filter, code) => {
    const { codes, contains } = terminologyOf([
      animals,
      valueSet('some', { system: ANIMALS, filter: [filter] }),
    ])
    await expect(codes(named('some'))).rejects.toMatchObject({ code })
    expect(await contains(named('some'), ANIMALS, 'dog')).toBe('unknown')
  })

  test('a pattern that never ends is stopped, and others after it are not begun', async () => {
    const concept = [{ code: `${'a'.repeat(40)}!` }]
    const include = Array.from({ length: 50 }, (_, i) => ({
      system: ANIMALS,
      filter: [{ property: 'code', op: 'regex', value: `(a+)+${i}` }],
    }))
    const { codes } = terminologyOf([{ ...animals, concept }, valueSet('slow', ...include)])
    const start = performance.now()
    await expect(codes(named('slow'))).rejects.toMatchObject({ code: 'value-set-regex' })
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('a composition', () => {
  const some = (...include: JsonObject[]) => valueSet('some', ...include)
  const excluding = (include: JsonObject[], exclude: JsonObject[], more: JsonObject = {}): JsonObject => ({
    ...some(),
    compose: { include, exclude, ...more },
  })
  const pets = valueSet('pets', { system: ANIMALS, concept: [{ code: 'dog' }, { code: 'bird' }] })
  const mammals = valueSet('mammals', {
    system: ANIMALS,
    filter: [{ property: 'concept', op: 'is-a', value: 'mammal' }],
  })

  test('adds its parts up, each code once', async () => {
    const { codes } = terminologyOf([
      animals,
      some({ system: ANIMALS, concept: [{ code: 'dog' }] }, { system: ANIMALS }),
    ])
    expect(await codes(named('some'))).toEqual([
      'dog',
      'animal',
      'mammal',
      'bat',
      'flyer',
      'bird',
      'dodo',
      'stone',
    ])
  })

  test('takes from an imported value set what is in all that its part names', async () => {
    const part = { system: ANIMALS, valueSet: [named('pets'), named('mammals')] }
    const { codes } = terminologyOf([animals, pets, mammals, some(part)])
    expect(await codes(named('some'))).toEqual(['dog'])
  })

  test('leaves out what it excludes: codes, branches, value sets', async () => {
    const exclude = [
      { system: ANIMALS, concept: [{ code: 'stone' }] },
      { system: ANIMALS, filter: [{ property: 'concept', op: 'is-a', value: 'flyer' }] },
      { valueSet: [named('pets')] },
    ]
    const { codes, contains } = terminologyOf([animals, pets, excluding([{ system: ANIMALS }], exclude)])
    expect(await codes(named('some'))).toEqual(['animal', 'mammal', 'dodo'])
    expect(await contains(named('some'), ANIMALS, 'bird')).toBe('no')
  })

  test('leaves out inactive codes where it says so, imported ones too', async () => {
    const compose = { inactive: false, include: [{ valueSet: [named('all-animals')] }] }
    const { codes } = terminologyOf([animals, { ...some(), compose }])
    expect(await codes(named('some'))).not.toContain('dodo')
    expect(await codes(named('all-animals'))).toContain('dodo')
  })

  test('excluding what is not known can not be listed, unless it is of another system', async () => {
    const unknown = { valueSet: ['http://example.org/ValueSet/not-here'] }
    const first = terminologyOf([animals, excluding([{ system: ANIMALS }], [unknown])])
    await expect(first.codes(named('some'))).rejects.toMatchObject({ code: 'value-set-unknown' })
    const second = terminologyOf([animals, excluding([{ system: ANIMALS }], [{ system: SNOMED }])])
    expect(await second.codes(named('some'))).toHaveLength(8)
  })

  test('of an unknown system is listed where another value set names its codes', async () => {
    const findings = valueSet('findings', { system: SNOMED, concept: [{ code: '386661006' }] })
    const { codes, contains } = terminologyOf([
      findings,
      some({
        system: SNOMED,
        filter: [{ property: 'concept', op: 'is-a', value: '404684003' }],
        valueSet: [named('findings')],
      }),
    ])
    await expect(codes(named('some'))).rejects.toMatchObject({ code: 'code-system-unknown' })
    expect(await contains(named('some'), SNOMED, '1')).toBe('no')
    expect(await contains(named('some'), SNOMED, '386661006')).toBe('unknown')
  })

  test('that is made from itself is refused, by itself and by others that draw it in', async () => {
    const circle = [
      valueSet('a', { valueSet: [named('b')] }),
      valueSet('b', { system: ANIMALS }, { valueSet: [named('c')] }),
      valueSet('c', { valueSet: [named('a')] }),
    ]
    const { codes, contains } = terminologyOf([animals, ...circle])
    for (const name of ['a', 'b', 'c']) {
      await expect(codes(named(name))).rejects.toMatchObject({ code: 'value-set-circular' })
    }
    expect(await contains(named('a'), ANIMALS, 'dog')).toBe('yes')
  })

  test('that draws the same in by two to the power of forty ways is worked out at once', async () => {
    const levels = Array.from({ length: 40 }, (_, i) =>
      ['a', 'b'].map((side) =>
        i === 0
          ? valueSet(`${side}0`, { system: SNOMED })
          : valueSet(`${side}${i}`, { valueSet: [named(`a${i - 1}`)] }, { valueSet: [named(`b${i - 1}`)] }),
      ),
    ).flat()
    const { codes, contains } = terminologyOf(levels)
    expect(await contains(named('a39'), SNOMED, '1')).toBe('unknown')
    expect(await contains(named('a39'), 'http://loinc.org', '1')).toBe('no')
    await expect(codes(named('a39'))).rejects.toMatchObject({ code: 'code-system-unknown' })
  })

  test('a thousand filters over a large system are refused', async () => {
    const concept = Array.from({ length: 10_000 }, (_, i) => ({ code: `c${i}` }))
    const include = Array.from({ length: 1000 }, (_, i) => ({
      system: ANIMALS,
      filter: [{ property: 'code', op: '=', value: `c${i}` }],
    }))
    const { codes } = terminologyOf([{ ...animals, concept }, some(...include)])
    await expect(codes(named('some'))).rejects.toMatchObject({ code: 'value-set-too-costly' })
  })

  test('that lists more codes than can be kept is refused', async () => {
    const concept = Array.from({ length: 300_001 }, (_, i) => ({ code: `c${i}` }))
    const { codes, contains } = terminologyOf([some({ system: SNOMED, concept })], { codes: 1_000_000 })
    await expect(codes(named('some'))).rejects.toMatchObject({ code: 'value-set-too-costly' })
    expect(await contains(named('some'), SNOMED, 'c1')).toBe('unknown')
  })

  test('with more codes than the limit is not listed, but known', async () => {
    const { codes, contains } = terminologyOf([animals, some({ system: ANIMALS })], { codes: 7 })
    await expect(codes(named('some'))).rejects.toMatchObject({
      code: 'value-set-too-costly',
      params: { max: 7 },
    })
    expect(await contains(named('some'), ANIMALS, 'dog')).toBe('yes')
  })
})

describe('an expansion that its publisher made', () => {
  const contains = [
    { display: 'Kinds', contains: [{ system: SNOMED, code: '1' }] },
    { system: SNOMED, code: '2', abstract: true, contains: [{ system: SNOMED, code: '3' }] },
  ]
  const expanded = (more: JsonObject = {}, compose?: JsonObject): JsonObject => ({
    ...valueSet('some'),
    compose: compose ?? null,
    expansion: { timestamp: '2024-01-01', contains, ...more },
  })
  const bare = (more?: JsonObject): JsonObject => {
    const { compose: _none, ...rest } = expanded(more)
    return rest
  }

  test('is what there is where there is no composition', async () => {
    expect(await terminologyOf([bare()]).codes(named('some'))).toEqual(['1', '3'])
  })

  test('stands in where the system of the composition is not known', async () => {
    const { codes, contains: has } = terminologyOf([expanded({}, { include: [{ system: SNOMED }] })])
    expect(await codes(named('some'))).toEqual(['1', '3'])
    expect(await has(named('some'), SNOMED, '9')).toBe('no')
  })

  test('does not stand in where the composition can be worked out', async () => {
    const { codes } = terminologyOf([
      animals,
      expanded({}, { include: [{ system: ANIMALS, concept: [{ code: 'dog' }] }] }),
    ])
    expect(await codes(named('some'))).toEqual(['dog'])
  })

  test.each<[string, JsonObject]>([
    ['a page of it', { total: 500 }],
    ['a later page', { offset: 20 }],
    ['what a text was looked for in', { parameter: [{ name: 'filter', valueString: 'fev' }] }],
    [
      'examples',
      {
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed', valueBoolean: true }],
      },
    ],
  ])('with only %s is not taken for the whole', async (_name, more) => {
    await expect(terminologyOf([bare(more)]).codes(named('some'))).rejects.toMatchObject({
      code: 'value-set-empty',
    })
  })
})

describe("a tenant's own", () => {
  const edition = (version: string, status: string, ...codes: string[]): JsonObject => ({
    ...valueSet('some', { system: ANIMALS, concept: codes.map((code) => ({ code })) }),
    version,
    status,
  })

  test('newest active edition is meant when none is named', async () => {
    const { codes } = terminologyOf([
      edition('1.9', 'active', 'old'),
      edition('1.10', 'active', 'new'),
      edition('2.0', 'draft', 'trial'),
      edition('1.11', 'retired', 'gone'),
    ])
    expect(await codes(named('some'))).toEqual(['new'])
    expect(await codes(`${named('some')}|1.9`)).toEqual(['old'])
    expect(await codes(`${named('some')}|2.0`)).toEqual(['trial'])
  })

  test('draft is used where there is nothing else, and a release comes before its trials', async () => {
    const { codes } = terminologyOf([
      edition('2.0.0-beta.2', 'draft', 'beta'),
      edition('2.0.0', 'draft', 'release'),
      edition('1.0.0', 'retired', 'gone'),
    ])
    expect(await codes(named('some'))).toEqual(['release'])
  })

  test("comes before R4's, and R4's stays where the tenant's only names the system", async () => {
    const status = 'http://hl7.org/fhir/observation-status'
    const own = { resourceType: 'CodeSystem', url: status, status: 'active', content: 'complete' }
    const replaced = terminologyOf([{ ...own, concept: [{ code: 'mine' }] }])
    expect(await replaced.codes('http://hl7.org/fhir/ValueSet/observation-status')).toEqual(['mine'])
    const naming = terminologyOf([{ ...own, content: 'not-present' }])
    expect(await naming.codes('http://hl7.org/fhir/ValueSet/observation-status')).toHaveLength(8)
  })

  test('code system has a value set of all its codes, by the URL that it says', async () => {
    expect(await terminologyOf([animals]).codes(named('all-animals'))).toHaveLength(8)
  })

  test('fragment is listed as far as it goes, and says nothing of other codes', async () => {
    const { codes, contains } = terminologyOf([
      { ...animals, content: 'fragment' },
      valueSet('some', { system: ANIMALS }),
    ])
    expect(await codes(named('some'))).toHaveLength(8)
    expect(await contains(named('some'), ANIMALS, 'cat')).toBe('unknown')
  })

  test('value set is found by its id', async () => {
    const { codes } = terminologyOf([
      animals,
      valueSet('some', { system: ANIMALS, concept: [{ code: 'dog' }] }),
    ])
    expect(await codes('ValueSet/1')).toEqual(['dog'])
  })

  test('change is seen at once', async () => {
    const { codes, store } = terminologyOf([
      animals,
      valueSet('some', { system: ANIMALS, concept: [{ code: 'dog' }] }),
    ])
    expect(await codes(named('some'))).toEqual(['dog'])
    store({ ...valueSet('some', { system: ANIMALS, concept: [{ code: 'bat' }] }), version: '2' })
    expect(await codes(named('some'))).toEqual(['bat'])
  })
})
