import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { asFailure } from '../../kernel/failure.ts'
import { parseExactObject, type ExactJson, type JsonObject } from '../../kernel/json.ts'
import {
  inProcessingOrder,
  isRefused,
  linkResolver,
  loadDefinitions,
  makeReferenceRewriter,
  parseBundle,
  type BundleEntry,
  type BundleRequest,
} from '../index.ts'

const BASE = 'https://gw.example.org/t/demo/fhir'
const rewriter = makeReferenceRewriter(loadDefinitions())

function exact(value: unknown): ExactJson {
  return parseExactObject(JSON.stringify(value))
}

function parse(type: string, entry: unknown): BundleRequest {
  return parseBundle(exact({ resourceType: 'Bundle', type, entry }), { base: BASE, maxEntries: 10 })
}

function refusal(type: string, entry: unknown): string {
  try {
    parse(type, entry)
    return 'accepted'
  } catch (error) {
    const { kind, code, expression } = asFailure(error)
    return `${kind} ${code} ${expression.join()}`
  }
}

const post = (more: object = {}) => ({
  resource: { resourceType: 'Patient' },
  request: { method: 'POST', url: 'Patient' },
  ...more,
})
const put = (url: string) => ({
  resource: { resourceType: 'Patient', id: 'p' },
  request: { method: 'PUT', url },
})

describe('entries', () => {
  test('have their method, target, conditions and resource with exact decimals', () => {
    const text = `{"resourceType":"Bundle","type":"transaction","entry":[
      {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Observation","valueQuantity":{"value":1.10}},
       "request":{"method":"PUT","url":"${BASE}/Observation/o1?x=1","ifMatch":"W/\\"3\\""}}]}`
    const { entries } = parseBundle(parseExactObject(text), { base: BASE, maxEntries: 10 })
    const [entry] = entries as BundleEntry[]
    expect(entry).toMatchObject({
      index: 0,
      fullUrl: 'urn:uuid:1',
      method: 'PUT',
      path: 'Observation/o1',
      query: 'x=1',
      type: 'Observation',
      id: 'o1',
      ifMatch: 'W/"3"',
      ifNoneExist: undefined,
    })
    expect(JSON.stringify(entry!.resource!.exact)).toContain('"value":1.10')
  })

  test('of a batch are refused one by one, of a transaction all together', () => {
    const entries = [post(), { request: { method: 'FETCH', url: 'Patient' } }]
    const batch = parse('batch', entries)
    expect(batch.entries.map(isRefused)).toEqual([false, true])
    expect(refusal('transaction', entries)).toBe('invalid bundle-method Bundle.entry[1].request.method')
  })

  test.each<[string, unknown, string]>([
    ['searchset', [], 'invalid bundle-type Bundle.type'],
    ['transaction', {}, 'invalid bundle-entries Bundle.entry'],
    ['transaction', [7], 'invalid bundle-entries Bundle.entry[0]'],
    ['transaction', [{}], 'invalid bundle-request-missing Bundle.entry[0].request'],
    [
      'transaction',
      [{ request: { method: 'GET' } }],
      'invalid bundle-request-missing Bundle.entry[0].request',
    ],
    [
      'transaction',
      [{ request: { method: 'POST', url: 'Patient' } }],
      'invalid bundle-resource-missing Bundle.entry[0].resource',
    ],
    [
      'transaction',
      [{ ...post(), request: { method: 'GET', url: 'Patient' } }],
      'invalid bundle-resource-unexpected Bundle.entry[0].resource',
    ],
    [
      'transaction',
      [put('https://other.example.org/fhir/Patient/p')],
      'invalid bundle-url Bundle.entry[0].request.url',
    ],
    ['transaction', [put('../../other/fhir/Patient/p')], 'invalid bundle-url Bundle.entry[0].request.url'],
    ['transaction', [post({ fullUrl: 'Patient/1' })], 'invalid bundle-full-url Bundle.entry[0].fullUrl'],
    [
      'transaction',
      [post({ fullUrl: 'urn:uuid:1' }), post({ fullUrl: 'urn:uuid:1' })],
      'invalid bundle-full-url-repeated Bundle.entry[1].fullUrl',
    ],
    [
      'transaction',
      [put('Patient/p'), { request: { method: 'DELETE', url: 'Patient/p' } }],
      'invalid resource-twice-in-transaction Bundle.entry[1].request.url',
    ],
    [
      'transaction',
      Array.from({ length: 11 }, () => post()),
      'too-large bundle-too-many-entries Bundle.entry',
    ],
    ['transaction', [put('Patient/p'), { request: { method: 'GET', url: 'Patient/p' } }], 'accepted'],
    ['transaction', undefined, 'accepted'],
  ])('a %s of %j: %s', (type, entry, expected) => expect(refusal(type, entry)).toBe(expected))

  test('a POST search needs no resource', () => {
    const { entries } = parse('batch', [{ request: { method: 'POST', url: '/Patient/_search?name=a' } }])
    expect(entries[0]).toMatchObject({ path: 'Patient/_search', query: 'name=a' })
  })

  test('are run by method: deletions, creations, updates, reads', () => {
    const methods = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'DELETE'] as const
    const ordered = inProcessingOrder(methods.map((method, index) => ({ method, index })))
    expect(ordered.map(({ method, index }) => `${method}${index}`)).toEqual([
      'DELETE3',
      'DELETE6',
      'POST2',
      'PUT1',
      'PATCH4',
      'GET0',
      'HEAD5',
    ])
  })
})

describe('links', () => {
  const assigned = new Map([
    ['urn:uuid:1', 'Patient/p1'],
    ['http://lab.example.org/fhir/Patient/23', 'Patient/p2'],
    ['Practitioner?identifier=7', 'Practitioner/d1'],
  ])
  const rewrite = (resource: JsonObject, fullUrl?: string) =>
    rewriter.rewrite(exact(resource), linkResolver(assigned, fullUrl)).value

  test('references, uris and narrative links are replaced; canonicals, identifiers and texts are not', () => {
    const resource: JsonObject = {
      resourceType: 'Communication',
      status: 'completed',
      instantiatesCanonical: ['urn:uuid:1'],
      instantiatesUri: ['urn:uuid:1', 'urn:uuid:2'],
      subject: { reference: 'urn:uuid:1', display: 'urn:uuid:1' },
      recipient: [{ reference: 'urn:uuid:2' }, { reference: 'Practitioner?identifier=7' }],
      text: {
        status: 'generated',
        div: '<div><a href="urn:uuid:1">urn:uuid:1</a><img src=\'urn:uuid:2\'/></div>',
      },
      extension: [{ url: 'http://example.org/x', valueReference: { reference: 'urn:uuid:1#part' } }],
      _status: { extension: [{ url: 'http://example.org/y', valueUri: 'urn:uuid:1' }] },
      contained: [{ resourceType: 'Observation', id: 'c', subject: { reference: 'urn:uuid:1' } }],
    }
    expect(rewrite(resource)).toEqual({
      ...resource,
      instantiatesUri: ['Patient/p1', 'urn:uuid:2'],
      subject: { reference: 'Patient/p1', display: 'urn:uuid:1' },
      recipient: [{ reference: 'urn:uuid:2' }, { reference: 'Practitioner/d1' }],
      text: {
        status: 'generated',
        div: '<div><a href="Patient/p1">urn:uuid:1</a><img src=\'urn:uuid:2\'/></div>',
      },
      extension: [{ url: 'http://example.org/x', valueReference: { reference: 'Patient/p1#part' } }],
      _status: { extension: [{ url: 'http://example.org/y', valueUri: 'Patient/p1' }] },
      contained: [{ resourceType: 'Observation', id: 'c', subject: { reference: 'Patient/p1' } }],
    })
  })

  test('a relative reference is relative to the fullUrl of its entry', () => {
    const observation: JsonObject = { resourceType: 'Observation', subject: { reference: 'Patient/23' } }
    expect(rewrite(observation, 'http://lab.example.org/fhir/Observation/1')).toMatchObject({
      subject: { reference: 'Patient/p2' },
    })
    expect(rewrite(observation, 'http://other.example.org/fhir/Observation/1')).toEqual(observation)
    expect(rewrite(observation, 'urn:uuid:9')).toEqual(observation)
  })

  test('decimals stay as written, and what has no links stays the same object', () => {
    const text =
      '{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"},"valueQuantity":{"value":1.10}}'
    const { value, exact: written } = rewriter.rewrite(
      parseExactObject(text),
      linkResolver(assigned, undefined),
    )
    expect(JSON.stringify(written)).toBe(text.replace('urn:uuid:1', 'Patient/p1'))
    expect(value).toMatchObject({ subject: { reference: 'Patient/p1' }, valueQuantity: { value: 1.1 } })
    const untouched = exact({ resourceType: 'Observation', subject: { reference: 'Patient/1' } })
    expect(rewriter.rewrite(untouched, linkResolver(assigned, undefined)).exact).toBe(untouched.exact)
  })

  test('conditional references are listed once each', () => {
    const resource: JsonObject = {
      resourceType: 'Observation',
      subject: { reference: 'Patient?identifier=urn:oid:1|2' },
      performer: [{ reference: 'Patient?identifier=urn:oid:1|2' }, { reference: 'Practitioner/1' }],
    }
    expect(rewriter.conditionalReferences(resource)).toEqual(['Patient?identifier=urn:oid:1|2'])
    expect(rewriter.references(resource)).toHaveLength(3)
  })
})

const synthea = new URL(
  '../../../../shared/fhir-samples/synthea/patients-100.bundles.ndjson.gz',
  import.meta.url,
)

test.skipIf(!existsSync(synthea))('every link of Synthea transactions is resolved (needs ../shared)', () => {
  const lines = gunzipSync(readFileSync(synthea)).toString().trim().split('\n').slice(0, 20)
  for (const line of lines) {
    const { entries } = parseBundle(parseExactObject(line), { base: BASE, maxEntries: 10_000 })
    const posts = entries as BundleEntry[]
    const assigned = new Map(posts.map(({ fullUrl, type, index }) => [fullUrl!, `${type!}/${index}`]))
    for (const { resource, fullUrl } of posts) {
      const { value } = rewriter.rewrite(resource!, linkResolver(assigned, fullUrl))
      expect(rewriter.references(value).filter((link) => link.startsWith('urn:'))).toEqual([])
    }
  }
})
