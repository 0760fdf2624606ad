import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { Failure } from '../../kernel/failure.ts'
import { type JsonObject, parseExactObject, sameJson } from '../../kernel/json.ts'
import { loadDefinitions, makeFhirXml } from '../index.ts'
import { anyResource } from '../testing/any-resource.ts'

const definitions = loadDefinitions()
const xml = makeFhirXml(definitions)

/** Every character that both JSON and XML have. */
const text = fc
  .string({ unit: 'binary', maxLength: 12 })
  .map((drawn) => drawn.replaceAll(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?'))

test('any resource of any type comes back from XML as it was, plain or pretty', () => {
  let characters = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...definitions.resourceTypes),
      fc.integer(),
      text,
      fc.boolean(),
      (type, seed, drawn, pretty) => {
        const resource = anyResource(definitions, type, seed, drawn)
        const written = xml.write(resource, { pretty })
        characters += written.length
        expectSame(xml.parse(written).exact, resource)
      },
    ),
    { numRuns: 1000 },
  )
  expect(characters).toBeGreaterThan(300_000)
})

test.each(definitions.resourceTypes)('%s is written in the order of its definition', (type) => {
  for (let seed = 0; seed < 3; seed++) {
    const resource = anyResource(definitions, type, seed, 'x')
    expectSame(xml.parse(xml.write(backwards(resource))).exact, resource)
  }
})

test('a number keeps its digits, and the plain tree has it as a number', () => {
  const body = '{"resourceType":"Observation","valueQuantity":{"value":1.10}}'
  const { value, exact } = xml.parse(xml.write(parseExactObject(body).exact))
  expect(JSON.stringify(exact)).toBe(body)
  expect(value).toEqual({ resourceType: 'Observation', valueQuantity: { value: 1.1 } })
})

const SYNTHEA = '../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz'

/** 24,000 resources: some seconds on a machine that is free. */
const SYNTHEA_TIMEOUT_MS = 180_000

test.skipIf(!existsSync(SYNTHEA))(
  'all of Synthea comes back from XML as it was',
  async () => {
    const lines = createInterface({ input: createReadStream(SYNTHEA).pipe(createGunzip()) })
    let resources = 0
    for await (const line of lines) {
      const { exact } = parseExactObject(line)
      expectSame(xml.parse(xml.write(exact)).exact, exact)
      resources += (exact['entry'] as unknown[]).length
    }
    expect(resources).toBe(24_378)
  },
  SYNTHEA_TIMEOUT_MS,
)

test('a document with anything cut out, put in or doubled is read or refused, and never breaks the parser', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    '=',
    '&',
    '&amp;',
    '&#x0;',
    '<!--',
    '<![CDATA[',
    ']]>',
    '<?',
    '<!DOCTYPE',
    'xmlns',
    ' ',
    'x',
    '\0',
    '\ud800',
    '<div xmlns="http://www.w3.org/1999/xhtml">',
    '<a xmlns:h="http://www.w3.org/1999/xhtml"><h:div>',
  )
  // Most of what is done to a document breaks it; what hardly changes it keeps both ends of the rule in sight.
  const cut = fc.oneof(fc.constant(0), fc.nat(40))
  const piecePut = fc.oneof(piece, fc.string(), fc.constant(''))
  let read = 0
  fc.assert(
    fc.property(fc.nat(200), fc.nat(), cut, piecePut, (seed, at, length, put) => {
      const type = definitions.resourceTypes[seed % definitions.resourceTypes.length]!
      const document = xml.write(anyResource(definitions, type, seed, 'x'))
      const start = at % document.length
      const broken = document.slice(0, start) + put + document.slice(start + length)
      const thrown = thrownBy(() => xml.parse(broken))
      if (thrown === undefined) read++
      else expect(thrown).toBeInstanceOf(Failure)
    }),
    { numRuns: 1000 },
  )
  expect(read).toBeGreaterThan(10)
})

function expectSame(actual: JsonObject, expected: JsonObject): void {
  if (!sameJson(actual, expected)) expect(JSON.stringify(actual)).toBe(JSON.stringify(expected))
}

/** With the members of each object in the opposite order. */
function backwards<T>(value: T): T {
  // An exact number is a frozen object.
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) return value.map(backwards) as T
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, item]) => [name, backwards(item as unknown)]),
  ) as T
}
