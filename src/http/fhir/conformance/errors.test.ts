/**
 * Searches that can't be answered: each is told what is wrong with it, where, and nothing else.
 * https://hl7.org/fhir/R4/search.html#errors
 */
import { expect, test } from 'vitest'

import { serve } from './judge.ts'

const server = serve([
  {
    resourceType: 'Patient',
    id: 'ada',
    active: true,
    birthDate: '1975-04-02',
    name: [{ family: 'Lovelace' }],
    managingOrganization: { reference: 'Organization/here' },
  },
  { resourceType: 'Organization', id: 'here', name: 'Here', partOf: { reference: 'Organization/here' } },
])

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

const many = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`).join()
const nested = (open: string, close: string, depth: number, inside: string) =>
  open.repeat(depth) + inside + close.repeat(depth)

const REFUSED: readonly (readonly [path: string, code: string, expression: string])[] = [
  ['/Patient?colour=blue', 'search-parameter', 'colour'],
  ['/Patient?__proto__=1', 'search-parameter', '__proto__'],
  ['/Patient?constructor=1', 'search-parameter', 'constructor'],
  ['/Patient?toString:exact=1', 'search-parameter', 'toString:exact'],
  ['/Patient?hasOwnProperty.name=1', 'search-parameter', 'hasOwnProperty.name'],
  ['/Patient?organization.__proto__=1', 'search-parameter', '__proto__'],
  ['/Patient?organization:constructor.name=1', 'search-chain', 'organization:constructor.name'],
  ['/Patient?_has:__proto__:patient:code=1', 'search-chain', '_has:__proto__:patient:code'],
  ['/Patient?_has:Observation:__proto__:code=1', 'search-parameter', '_has:Observation:__proto__:code'],
  ['/Patient?_has:Observation:patient:__proto__=1', 'search-parameter', '__proto__'],
  ['/Patient?_has:Observation=1', 'search-chain', '_has:Observation'],
  ['/Patient?name:__proto__=a', 'search-modifier', 'name:__proto__'],
  ['/Patient?name:constructor=a', 'search-modifier', 'name:constructor'],
  ['/Patient?organization:__proto__=1', 'search-modifier', 'organization:__proto__'],
  ['/Patient?name:exact:exact=a', 'search-modifier', 'name:exact:exact'],
  ['/Patient?name:in=http://acme.org/vs', 'search-modifier', 'name:in'],
  ['/Patient?active:exact=true', 'search-modifier', 'active:exact'],
  ['/Patient?birthdate:exact=1975', 'search-modifier', 'birthdate:exact'],
  ['/Patient?birthdate:not=1975', 'search-modifier', 'birthdate:not'],
  ['/Patient?_id:exact=ada', 'search-modifier', '_id:exact'],
  ['/Patient?_lastUpdated:not=2024', 'search-modifier', '_lastUpdated:not'],
  ['/Patient?name:missing=maybe', 'search-boolean', 'name:missing'],
  ['/Patient?birthdate=soon', 'search-date', 'birthdate'],
  ['/Patient?birthdate=2023-02-29', 'search-date', 'birthdate'],
  ['/Patient?birthdate=2023-13', 'search-date', 'birthdate'],
  ['/Patient?birthdate=xx2023', 'search-date', 'birthdate'],
  ['/Patient?birthdate=1975-04-02T24:00:00Z', 'search-date', 'birthdate'],
  ['/Patient?_lastUpdated=yesterday', 'search-date', '_lastUpdated'],
  ['/RiskAssessment?probability=high', 'search-number', 'probability'],
  ['/RiskAssessment?probability=0x10', 'search-number', 'probability'],
  ['/RiskAssessment?probability=NaN', 'search-number', 'probability'],
  ['/RiskAssessment?probability=1e999999999', 'search-number', 'probability'],
  ['/Observation?value-quantity=5|http://unitsofmeasure.org|mg|more', 'search-quantity', 'value-quantity'],
  ['/Observation?value-quantity=|http://unitsofmeasure.org|mg', 'search-quantity', 'value-quantity'],
  ['/Observation?code-value-quantity=a', 'search-composite', 'code-value-quantity'],
  ['/Observation?code-value-quantity=a$b$c', 'search-composite', 'code-value-quantity'],
  ['/Patient?identifier=a|b|c', 'search-token', 'identifier'],
  ['/Patient?identifier:of-type=a|b', 'search-of-type', 'identifier'],
  ['/Patient?name=a\\b', 'search-escape', 'name'],
  ['/Patient?name=a\\', 'search-escape', 'name'],
  ['/Patient?organization:Patient=ada', 'search-reference-type', 'organization:Patient'],
  [`/Patient?organization=${'a/'.repeat(40)}`, 'search-reference', 'organization'],
  ['/Patient?_include=Patient', 'search-include', '_include'],
  ['/Patient?_include=Patient:__proto__', 'search-include', '_include'],
  ['/Patient?_include=__proto__:constructor', 'search-include', '_include'],
  ['/Patient?_include=Patient:name', 'search-include', '_include'],
  ['/Patient?_include=Patient:organization:Patience', 'search-include', '_include'],
  ['/Patient?_include:sometimes=Patient:organization', 'search-modifier', '_include:sometimes'],
  ['/Patient?_revinclude=Patient', 'search-include', '_revinclude'],
  ['/Patient?_sort=__proto__', 'search-sort', '_sort'],
  ['/Patient?_sort=constructor', 'search-sort', '_sort'],
  ['/Patient?_sort=-', 'search-sort', '_sort'],
  ['/Patient?_count=-1', 'search-count', '_count'],
  ['/Patient?_count=1.5', 'search-count', '_count'],
  ['/Patient?_count=ten', 'search-count', '_count'],
  ['/Patient?_count=1&_count=2', 'search-parameter-repeated', '_count'],
  ['/Patient?_total=some', 'search-total', '_total'],
  ['/Patient?_summary=most', 'summary-unknown', '_summary'],
  ['/Patient?_query=everything', 'search-query', '_query'],
  ['/Patient?_contained=true', 'search-parameter-unsupported', '_contained'],
  ['/Patient?_list=a/b', 'search-list', '_list'],
  ['/?_type=Patience', 'search-type', '_type'],
  ['/?_type=__proto__', 'search-type', '_type'],
  ['/?_type=Patient,constructor&_id=ada', 'search-type', '_type'],
  ['/Location?near=here', 'search-near', 'near'],
  ['/Location?near=91|0', 'search-near', 'near'],
  [`/Patient?name=${many(5001)}`, 'search-values-too-many', 'name'],
  ['/Patient?_cursor=forged', 'cursor-invalid', '_cursor'],
  ['/Patient?_cursor=__proto__', 'cursor-invalid', '_cursor'],
  ['/Patient?name=%00', 'parameter-encoding', 'name'],
  ['/Patient?_id=%00', 'parameter-encoding', '_id'],
  ['/Patient?identifier=a%00|b', 'parameter-encoding', 'identifier'],
  ['/Patient?_content=a%00b', 'parameter-encoding', '_content'],
  ...['%ff', '%c3%28', '%e2%82', '%ed%a0%80', '%f5%80%80%80', 'a%00b', 'é%E9'].map(
    (text) => [`/Patient?family=${text}`, 'parameter-encoding', 'family'] as const,
  ),
  ['/Patient?name%00=a', 'parameter-encoding', '?'],
  ['/Patient?_filter=__proto__ eq "a"', 'search-parameter', '__proto__'],
  ['/Patient?_filter=constructor.name eq "a"', 'search-parameter', 'constructor'],
  ['/Patient?_filter=and name eq "a"', 'search-parameter', 'and'],
  ['/Patient?_filter=name eq "a%00"', 'parameter-encoding', '_filter'],
  ...[
    'name',
    'name eq',
    'name eq "a',
    'name is "a"',
    'name __proto__ "a"',
    'name constructor "a"',
    '(name eq "a"',
    'name eq "a")',
    'name eq "a" and',
    'name eq "a" xor name eq "b"',
    'organization[name eq "a"',
    'organization[name eq "a"]',
    'organization[name eq "a"].',
    'name eq "a\\',
    nested('(', ')', 100, 'name eq "a"'),
    nested('not (', ')', 100, 'name eq "a"'),
    `organization[${nested('partof[', '].name eq "a"', 100, 'name eq "a"')}].name eq "a"`,
  ].map((filter) => [`/Patient?_filter=${filter}`, 'search-filter', '_filter'] as const),
]

const shown = ([path, code, expression]: (typeof REFUSED)[number]) =>
  [path.length > 90 ? `${path.slice(0, 90)}…` : path, code, expression] as const

interface Outcome {
  readonly issue: readonly {
    readonly severity: string
    readonly details: { readonly coding: readonly { readonly code: string }[] }
    readonly expression?: readonly string[]
  }[]
}

test.each(REFUSED.map((one) => [...shown(one), one] as const))('%s: %s at %s', async (...[, , , one]) => {
  const [path, code, expression] = one
  const [place, query] = path.split('?') as [string, string]
  const { status, json, text } = await server
    .fhir()
    .call('POST', `${place}${place.endsWith('/') ? '' : '/'}_search`, query, FORM)
  const { issue } = json as unknown as Outcome
  expect([status, issue[0]!.details.coding[0]!.code, issue[0]!.expression], text).toEqual([
    400,
    code,
    [expression],
  ])
  expect(text).not.toContain('Lovelace')
})
