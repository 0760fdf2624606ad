/** Lists of many tokens: `code=a,b,…`. https://hl7.org/fhir/R4/search.html#combining */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'
import { pagesOf } from './pages.fixture.ts'

const RESULTS = 300
const CODES = 40

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  const entry = Array.from({ length: RESULTS }, (_, i) => {
    const resource = result(i)
    return { resource, request: { method: 'PUT', url: `Observation/${resource.id}` } }
  })
  const { status, text } = await fhir.call('POST', '/', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry,
  })
  if (status !== 200) throw new Error(text)
})
afterAll(() => fhir[Symbol.asyncDispose]())

/** Most have several codes; the first codes are frequent, the last rare; some days have many, some none. */
function result(number: number) {
  const codes = new Set([number % 3, number % 7, 7 + (number % (CODES - 7))])
  return {
    resourceType: 'Observation',
    id: `o${number}`,
    status: number % 5 === 0 ? 'preliminary' : 'final',
    code: { coding: [...codes].map((code) => ({ system: 'urn:test', code: `c${code}` })) },
    ...(number % 11 !== 0 && {
      effectiveDateTime: `2026-01-${String(1 + ((number * 7) % 23)).padStart(2, '0')}`,
    }),
  }
}

type Result = ReturnType<typeof result>

const pages = async (query: string) => (await pagesOf(fhir, `/Observation?${query}`)).flat()

const numbers = Array.from({ length: RESULTS }, (_, i) => i)
const dateOf = (number: number) => result(number).effectiveDateTime

function expected(
  codes: readonly number[],
  keep: (result: Result) => boolean,
  sort?: 'date' | '-date',
): string[] {
  const wanted = new Set(codes.map((code) => `c${code}`))
  const found = numbers.filter(
    (i) => result(i).code.coding.some(({ code }) => wanted.has(code)) && keep(result(i)),
  )
  if (!sort) return found.toReversed().map((i) => `o${i}`)
  const sign = sort === 'date' ? 1 : -1
  const dated = found.filter((i) => dateOf(i) !== undefined)
  const undated = found.filter((i) => dateOf(i) === undefined).toReversed()
  const order = (a: number, b: number) => dateOf(a)!.localeCompare(dateOf(b)!) || a - b
  return [...dated.toSorted((a, b) => sign * order(a, b)), ...undated].map((i) => `o${i}`)
}

const ALL = Array.from({ length: CODES }, (_, i) => i)
const LISTS: readonly (readonly [string, readonly number[]])[] = [
  ['all codes', ALL],
  ['rare codes and one that nothing has', [9, 11, 38, 99]],
  ['a frequent and a rare one', [0, 39]],
  ['two that often stand together', [1, 4]],
]
const listed = (codes: readonly number[]) => codes.map((code) => `urn:test%7Cc${code}`).join()

test.each(LISTS)('pages of %s hold each once, the newest first', async (_, codes) => {
  for (const count of [1, 7, 50]) {
    expect(await pages(`code=${listed(codes)}&_count=${count}`)).toEqual(expected(codes, () => true))
  }
})

test.each(LISTS)('%s, of those that meet something else', async (_, codes) => {
  const found = await pages(`code=${listed(codes)}&status=preliminary&_count=6`)
  expect(found).toEqual(expected(codes, ({ status }) => status === 'preliminary'))
  const dated = await pages(`code=${listed(codes)}&date=ge2026-01-10&_count=6`)
  expect(dated).toEqual(expected(codes, ({ effectiveDateTime = '' }) => effectiveDateTime >= '2026-01-10'))
})

test.each(LISTS)('%s by date, both ways', async (_, codes) => {
  for (const sort of ['date', '-date'] as const) {
    for (const count of [3, 50]) {
      const found = await pages(`code=${listed(codes)}&_sort=${sort}&_count=${count}`)
      expect(found, sort).toEqual(expected(codes, () => true, sort))
    }
  }
})
