import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFhir, type TestFhir } from '../fixture.ts'

const SMALL = Buffer.from('%PDF-1.4 a small one \u0000\u00ff', 'latin1')
/** Far beyond what stays in the resource. */
const LARGE = randomBytes(400_001)

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir({ maxBinaryBytes: 1_000_000, maxBodyBytes: 2_000_000 })
  await fhir.call('PUT', '/Patient/p1', { resourceType: 'Patient', id: 'p1' })
})
afterAll(() => fhir[Symbol.asyncDispose]())

interface Options {
  readonly body?: Buffer | string
  readonly token?: string
  readonly [header: string]: Buffer | string | undefined
}

async function call(method: string, path: string, { body, token = 'test', ...headers }: Options = {}) {
  const response = await fetch(path.startsWith('http') ? path : fhir.base + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(headers as Record<string, string>) },
    ...(body !== undefined && { body }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = bytes.toString()
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text)
    },
  }
}

/** Stores content as it is; returns its path. */
async function put(id: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await call('PUT', `/Binary/${id}`, { body, 'content-type': 'application/pdf', ...headers })
  expect([200, 201]).toContain(answer.status)
  return `/Binary/${id}`
}

const FHIR = { accept: 'application/fhir+json' }

describe.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s content', (size, content) => {
  test('sent as it is comes back as it is, with its type and version', async () => {
    const created = await call('POST', '/Binary', { body: content, 'content-type': 'application/pdf' })
    expect([created.status, created.text]).toEqual([201, ''])
    const location = created.headers.get('location')!
    expect(location).toMatch(/\/Binary\/[^/]+\/_history\/1$/)
    const read = await call('GET', location.replace('/_history/1', ''))
    expect(read.status).toBe(200)
    expect(read.bytes.equals(content)).toBe(true)
    expect(Object.fromEntries(read.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(content.length),
      'x-content-type-options': 'nosniff',
      'content-disposition': 'inline',
      'accept-ranges': 'bytes',
      etag: 'W/"1"',
      'last-modified': expect.stringMatching(/GMT$/),
      'cache-control': 'no-store',
    })
  })

  test('is a resource for who asks for FHIR, in JSON and in XML, and by _format', async () => {
    const path = await put(`fhir-${size}`, content)
    for (const [query, headers] of [
      ['', FHIR],
      ['', { accept: 'application/fhir+json, */*;q=0.1' }],
      ['?_format=json', { accept: '*/*' }],
      ['?_pretty=true&_format=application/fhir%2Bjson', {}],
    ] as const) {
      const { json, headers: told } = await call('GET', path + query, headers)
      expect(json).toMatchObject({
        resourceType: 'Binary',
        contentType: 'application/pdf',
        data: content.toString('base64'),
      })
      expect(told.get('content-type')).toContain('application/fhir+json')
    }
    const xml = await call('GET', path, { accept: 'application/fhir+xml' })
    expect(xml.text).toContain(`<data value="${content.toString('base64')}"/>`)
    expect(Number(xml.headers.get('content-length'))).toBe(xml.bytes.length)
  })

  test('that comes within a resource is the same', async () => {
    const resource = { resourceType: 'Binary', contentType: 'image/png', data: content.toString('base64') }
    const created = await fhir.call('POST', '/Binary', resource)
    expect(created.status).toBe(201)
    expect(created.json).toMatchObject(resource)
    const read = await call('GET', `/Binary/${created.json.id}`)
    expect(read.headers.get('content-type')).toBe('image/png')
    expect(read.bytes.equals(content)).toBe(true)
    const xml = `<Binary xmlns="http://hl7.org/fhir"><contentType value="image/png"/><data value="${content.toString('base64')}"/></Binary>`
    const fromXml = await call('POST', '/Binary', {
      body: xml,
      'content-type': 'application/fhir+xml',
      ...FHIR,
    })
    expect(fromXml.json).toMatchObject(resource)
  })

  test('has versions, each with its bytes, and the same bytes again make none', async () => {
    const path = await put(`versions-${size}`, content)
    const other = Buffer.concat([content, Buffer.from('!')])
    await put(`versions-${size}`, other)
    await put(`versions-${size}`, other)
    expect((await call('GET', `${path}/_history/1`)).bytes.equals(content)).toBe(true)
    const second = await call('GET', path)
    expect([second.bytes.equals(other), second.headers.get('etag')]).toEqual([true, 'W/"2"'])
    const { json } = await call('GET', `${path}/_history`)
    const versions = json.entry.map(({ resource }: { resource: { data: string } }) => resource.data)
    expect(versions).toEqual([other.toString('base64'), content.toString('base64')])
  })

  test('is found by its id, within a Bundle', async () => {
    await put(`found-${size}`, content)
    const { json } = await call('GET', `/Binary?_id=found-${size}&_lastUpdated=gt2020`)
    expect(json.total).toBe(1)
    expect(json.entry[0].resource.data).toBe(content.toString('base64'))
  })

  test('is part of a transaction and of its answer', async () => {
    const data = content.toString('base64')
    const answer = await fhir.call(
      'POST',
      '',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            fullUrl: 'urn:uuid:0c6a9f8e-9b7e-4d35-8d9c-0a6f3f7d1c11',
            resource: { resourceType: 'Binary', contentType: 'application/pdf', data },
            request: { method: 'POST', url: 'Binary' },
          },
          {
            resource: {
              resourceType: 'DocumentReference',
              status: 'current',
              content: [{ attachment: { url: 'urn:uuid:0c6a9f8e-9b7e-4d35-8d9c-0a6f3f7d1c11' } }],
            },
            request: { method: 'POST', url: 'DocumentReference' },
          },
        ],
      },
      { prefer: 'return=representation' },
    )
    expect(answer.status).toBe(200)
    const [binary, document] = answer.json.entry.map(({ resource }: { resource: unknown }) => resource)
    expect(binary.data).toBe(data)
    expect(document.content[0].attachment.url).toBe(`Binary/${binary.id}`)
    expect((await call('GET', `/Binary/${binary.id}`)).bytes.equals(content)).toBe(true)
  })

  test('is read in a batch as a resource', async () => {
    const path = await put(`batch-${size}`, content)
    const { json } = await fhir.call('POST', '', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: path.slice(1) } }],
    })
    expect(json.entry[0].resource.data).toBe(content.toString('base64'))
  })

  test('has no body for HEAD, but all that is said about it', async () => {
    const path = await put(`head-${size}`, content)
    for (const accept of ['*/*', 'application/fhir+json']) {
      const [head, get] = [await call('HEAD', path, { accept }), await call('GET', path, { accept })]
      expect(head.bytes.length).toBe(0)
      const told = ({ headers }: { headers: Headers }) =>
        ['content-length', 'content-type', 'etag', 'last-modified'].map((name) => headers.get(name))
      expect(told(head)).toEqual(told(get))
    }
  })

  test('is not sent again to who has it', async () => {
    const path = await put(`fresh-${size}`, content)
    const { headers } = await call('GET', path)
    for (const condition of [
      { 'if-none-match': headers.get('etag')! },
      { 'if-modified-since': headers.get('last-modified')! },
    ]) {
      const again = await call('GET', path, condition)
      expect([again.status, again.bytes.length]).toEqual([304, 0])
    }
    expect((await call('GET', path, { 'if-none-match': 'W/"7"' })).status).toBe(200)
  })

  test.each([
    ['bytes=0-9', 0, 10],
    ['bytes=5-5', 5, 6],
    ['bytes=-4', -4, undefined],
    ['bytes=10-', 10, undefined],
    ['bytes=3-999999999', 3, undefined],
    ['bytes=-999999999', 0, undefined],
  ])('is given in part for %s', async (range, from, to) => {
    const path = await put(`range-${size}`, content)
    const part = await call('GET', path, { range })
    const expected = content.subarray(from, to)
    expect(part.status).toBe(206)
    expect(part.bytes.equals(expected)).toBe(true)
    const first = from < 0 ? content.length + from : from
    expect(part.headers.get('content-range')).toBe(
      `bytes ${first}-${first + expected.length - 1}/${content.length}`,
    )
  })

  test('has nothing in a range behind its end', async () => {
    const path = await put(`range-${size}`, content)
    for (const range of [`bytes=${content.length}-`, 'bytes=-0']) {
      const none = await call('GET', path, { range })
      expect([none.status, none.headers.get('content-range')]).toEqual([416, `bytes */${content.length}`])
      expect(none.json.issue[0].details.coding[0].code).toBe('range-not-satisfiable')
    }
  })

  test('is given whole for ranges that are none, several, or of another version', async () => {
    const path = await put(`range-${size}`, content)
    const { headers } = await call('GET', path)
    const whole: Options[] = [
      { range: 'bytes=9-2' },
      { range: 'lines=1-2' },
      { range: 'bytes=0-1,4-5' },
      { range: 'bytes=-' },
      { range: 'bytes=0-1', 'if-range': 'W/"9"' },
      { range: 'bytes=0-1', 'if-range': 'Mon, 01 Jan 2024 00:00:00 GMT' },
    ]
    for (const option of whole) expect((await call('GET', path, option)).status).toBe(200)
    for (const ifRange of [headers.get('etag')!, headers.get('last-modified')!]) {
      expect((await call('GET', path, { range: 'bytes=0-1', 'if-range': ifRange })).status).toBe(206)
    }
  })

  test('comes with gzip too', async () => {
    const path = await put(`gzip-${size}`, gzipSync(content), { 'content-encoding': 'gzip' })
    expect((await call('GET', path)).bytes.equals(content)).toBe(true)
  })

  test('keeps its bytes when something else of it changes', async () => {
    const path = await put(`meta-${size}`, content)
    const tag = [{ system: 'http://example.org', code: 'seen' }]
    const changed = await fhir.call('POST', `${path}/$meta-add`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { tag } }],
    })
    expect(changed.status).toBe(200)
    const patched = await call('PATCH', path, {
      body: JSON.stringify([{ op: 'replace', path: '/contentType', value: 'text/plain' }]),
      'content-type': 'application/json-patch+json',
      ...FHIR,
    })
    expect(patched.json).toMatchObject({ contentType: 'text/plain', data: content.toString('base64') })
    const read = await call('GET', path)
    expect([read.headers.get('content-type'), read.headers.get('etag')]).toEqual(['text/plain', 'W/"3"'])
    expect(read.bytes.equals(content)).toBe(true)
  })

  test('is gone after a deletion, and back after another write', async () => {
    const path = await put(`gone-${size}`, content)
    expect((await call('DELETE', path)).status).toBe(204)
    expect((await call('GET', path)).status).toBe(410)
    expect((await call('GET', `${path}/_history/1`)).bytes.equals(content)).toBe(true)
    await put(`gone-${size}`, content)
    expect((await call('GET', path)).headers.get('etag')).toBe('W/"3"')
  })
})

describe('what is sent', () => {
  test('without a type is bytes of an unknown kind; nothing at all is an empty content', async () => {
    const { headers } = await fetch(`${fhir.base}/Binary`, {
      method: 'POST',
      headers: { authorization: 'Bearer test' },
      body: new Uint8Array([1, 2]),
    })
    const read = await call('GET', headers.get('location')!.replace('/_history/1', ''))
    expect([read.headers.get('content-type'), [...read.bytes]]).toEqual(['application/octet-stream', [1, 2]])
    const path = await put('empty', '')
    const empty = await call('GET', path)
    expect([empty.status, empty.bytes.length, empty.headers.get('content-length')]).toEqual([200, 0, '0'])
    expect((await call('GET', path, FHIR)).json.data).toBeUndefined()
  })

  test('as FHIR is content like any other, unless it is a Binary', async () => {
    const patient = '{ "resourceType": "Patient", "active": true }'
    for (const type of [
      'application/fhir+json',
      'application/json',
      'application/fhir+json; fhirVersion=4.0',
    ]) {
      const path = await put('patient', patient, { 'content-type': type })
      const read = await call('GET', path)
      expect([read.headers.get('content-type'), read.text]).toEqual([type, patient])
      expect((await call('GET', path, FHIR)).json.data).toBe(Buffer.from(patient).toString('base64'))
    }
    const cda = '<ClinicalDocument xmlns="urn:hl7-org:v3"><Binary/></ClinicalDocument>'
    const path = await put('cda', cda, { 'content-type': 'text/xml' })
    expect((await call('GET', path)).text).toBe(cda)
    const broken = '{ "resourceType": "Binary", '
    expect(
      (await call('GET', await put('broken', broken, { 'content-type': 'application/json' }))).text,
    ).toBe(broken)
  })

  test('that says it is FHIR and can not be read is refused', async () => {
    const answer = await call('PUT', '/Binary/x', {
      body: '{"resource',
      'content-type': 'application/fhir+json',
    })
    expect([answer.status, answer.json.issue[0].code]).toEqual([400, 'structure'])
  })

  test.each([
    ['no base64', { contentType: 'a/b', data: 'not base64!' }, 'Binary.data'],
    ['base64 that is cut', { contentType: 'a/b', data: `${LARGE.toString('base64')}A` }, 'Binary.data'],
    ['no content type', { data: 'AAAA' }, 'Binary.contentType'],
  ])('as a resource with %s is refused', async (_name, resource, expression) => {
    const answer = await fhir.call('POST', '/Binary', { resourceType: 'Binary', ...resource })
    expect(answer.status).toBe(422)
    expect(answer.json.issue[0].expression[0]).toBe(expression)
  })

  test('beyond the limit is refused: as it is, by its length or on the way; and in a resource', async () => {
    const tooLarge = randomBytes(1_000_001)
    const declared = await call('POST', '/Binary', { body: tooLarge, 'content-type': 'image/png' })
    expect([declared.status, declared.json.issue[0].code]).toEqual([413, 'too-long'])
    expect((await sendInPieces(tooLarge)).status).toBe(413)
    const packed = await call('POST', '/Binary', {
      body: gzipSync(Buffer.alloc(5_000_000)),
      'content-type': 'image/png',
      'content-encoding': 'gzip',
    })
    expect(packed.status).toBe(413)
    const data = randomBytes(2_000_000).toString('base64')
    const resource = await fhir.call('POST', '/Binary', { resourceType: 'Binary', contentType: 'a/b', data })
    expect(resource.status).toBe(413)
  })

  test('and breaks off leaves nothing', async () => {
    const { ended } = sendInPiecesUntil(LARGE, 300_000)
    await ended
    const { json } = await call('GET', '/Binary?_total=accurate&_count=0')
    const before = json.total
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await call('GET', '/Binary?_total=accurate&_count=0')).json.total).toBe(before)
  })

  test('with bad gzip is refused', async () => {
    const body = Buffer.concat([gzipSync(LARGE).subarray(0, 200_000), randomBytes(100_000)])
    const answer = await call('POST', '/Binary', { body, 'content-type': 'a/b', 'content-encoding': 'gzip' })
    expect([answer.status, answer.json.issue[0].details.coding[0].code]).toEqual([400, 'body-not-gzip'])
  })

  test('heeds If-Match and If-None-Match', async () => {
    await put('conditional', SMALL)
    const send = (headers: Record<string, string>) =>
      call('PUT', '/Binary/conditional', { body: LARGE, 'content-type': 'a/b', ...headers })
    expect((await send({ 'if-match': 'W/"7"' })).status).toBe(412)
    expect((await send({ 'if-none-match': '*' })).status).toBe(412)
    expect((await send({ 'if-match': 'W/"1"' })).status).toBe(200)
  })

  test('comes back as a resource for who prefers that', async () => {
    const answer = await call('POST', '/Binary', {
      body: LARGE,
      'content-type': 'image/png',
      prefer: 'return=representation',
    })
    expect(answer.json).toMatchObject({ resourceType: 'Binary', data: LARGE.toString('base64') })
  })
})

describe('what goes out', () => {
  test('as it is, whatever other type is asked for', async () => {
    const path = await put('wish', SMALL)
    for (const accept of ['application/pdf', 'image/png', '*/*', 'application/*', 'text/html, */*;q=0.8']) {
      expect((await call('GET', path, { accept })).headers.get('content-type'), accept).toBe(
        'application/pdf',
      )
    }
    expect((await call('GET', `${path}?_format=application/pdf`)).headers.get('content-type')).toBe(
      'application/pdf',
    )
    expect((await call('GET', `${path}?_format=image/png`)).status).toBe(406)
  })

  test('as the resource where part of that is asked for', async () => {
    const path = await put('wish', SMALL)
    const { json } = await call('GET', `${path}?_elements=contentType`)
    expect([json.contentType, json.data]).toEqual(['application/pdf', undefined])
    expect((await call('GET', `${path}?_summary=true`)).json.data).toBeUndefined()
    expect((await call('GET', `${path}?_summary=data`)).json.data).toBe(SMALL.toString('base64'))
  })

  test('as JSON where plain JSON is asked for: the content if it is that, else the resource', async () => {
    const accept = 'application/json'
    expect((await call('GET', await put('wish', SMALL), { accept })).json.resourceType).toBe('Binary')
    const path = await put('json', '{"a":1}', { 'content-type': 'application/geo+json' })
    expect((await call('GET', path, { accept })).text).toBe('{"a":1}')
    expect((await call('GET', path, FHIR)).json.resourceType).toBe('Binary')
  })

  test('as a browser likes it, a PDF is a PDF', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
    expect((await call('GET', await put('wish', SMALL), { accept })).headers.get('content-type')).toBe(
      'application/pdf',
    )
  })

  test('may do nothing in a browser, and what could is only saved', async () => {
    const page = await call('GET', await put('page', '<script>', { 'content-type': 'text/html' }))
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': 'attachment',
      'content-security-policy': expect.stringContaining('sandbox'),
      'x-content-type-options': 'nosniff',
    })
  })

  test('has no type that could break out of its header', async () => {
    for (const [id, contentType] of [
      ['t1', 'text/html\r\nset-cookie: a=b'],
      ['t2', 'pdf'],
      ['t3', 'text/é'],
    ]) {
      const stored = await fhir.call('PUT', `/Binary/${id}`, {
        resourceType: 'Binary',
        id,
        contentType,
        data: 'AAAA',
      })
      if (stored.status === 422) continue
      const read = await call('GET', `/Binary/${id}`)
      expect([read.status, read.headers.get('content-type')]).toEqual([200, 'application/octet-stream'])
    }
  })

  test('is an error and not half an answer when the bytes are lost', async () => {
    const path = await put('lost', randomBytes(100_000))
    const [row] = await fhir.database.ownerQuery<{ digest: string }>(
      `select encode(digest, 'hex') as digest from passerelle.binary_blob where size = 100000`,
    )
    await fhir.blobs.remove(row!.digest)
    const answer = await call('GET', path)
    expect([answer.status, answer.json.issue[0].details.coding[0].code]).toEqual([
      500,
      'binary-content-missing',
    ])
    await expect(call('GET', path, FHIR)).rejects.toBeInstanceOf(TypeError)
  })
})

describe('the security context', () => {
  const context = { 'x-security-context': 'Patient/p1' }
  const without = 'test~cruds~Binary.DocumentReference'
  const withPatients = 'test~cruds~Binary.Patient'

  test('comes and goes with the content as a header, and within the resource', async () => {
    const path = await put('secret', SMALL, context)
    expect((await call('GET', path, FHIR)).json.securityContext).toEqual({ reference: 'Patient/p1' })
    expect((await call('GET', path)).headers.get('x-security-context')).toBe('Patient/p1')
  })

  test('stays when new content comes without one', async () => {
    await put('kept', SMALL, context)
    const path = await put('kept', LARGE)
    expect((await call('GET', path)).headers.get('x-security-context')).toBe('Patient/p1')
  })

  test('that is no reference is refused', async () => {
    const answer = await call('PUT', '/Binary/x', { body: 'a', 'x-security-context': 'Patient/1 or so' })
    expect([answer.status, answer.json.issue[0].details.coding[0].code]).toEqual([
      400,
      'security-context-invalid',
    ])
  })

  test('keeps those away who may not read what it names, by every road', async () => {
    const path = await put('guarded', SMALL, context)
    await put('guarded', LARGE)
    const refused = async (method: string, below = '', options: Options = {}) => {
      const { status, text } = await call(method, path + below, { token: without, ...options })
      expect(text).not.toContain(SMALL.toString('base64'))
      return status
    }
    expect(await refused('GET')).toBe(403)
    expect(await refused('GET', '', FHIR)).toBe(403)
    expect(await refused('HEAD')).toBe(403)
    expect(await refused('GET', '/_history/1')).toBe(403)
    expect(await refused('DELETE')).toBe(403)
    expect(await refused('PUT', '', { body: 'new', 'content-type': 'a/b' })).toBe(403)
    expect(
      await refused('PATCH', '', {
        body: JSON.stringify([{ op: 'remove', path: '/securityContext' }]),
        'content-type': 'application/json-patch+json',
      }),
    ).toBe(403)
    expect(
      await refused('POST', '/$meta-add', {
        body: JSON.stringify({
          resourceType: 'Parameters',
          parameter: [{ name: 'meta', valueMeta: { profile: ['http://x'] } }],
        }),
        'content-type': 'application/fhir+json',
      }),
    ).toBe(403)
    const history = await call('GET', `${path}/_history`, { token: without })
    expect(history.json.entry).toBeUndefined()
    const found = await call('GET', '/Binary?_id=guarded', { token: without })
    expect(found.json.entry).toBeUndefined()
    const batch = await call('POST', '', {
      token: without,
      'content-type': 'application/fhir+json',
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'GET', url: 'Binary/guarded' } }],
      }),
    })
    expect(batch.json.entry[0].response.status).toBe('403 Forbidden')
    const transaction = await call('POST', '', {
      token: without,
      'content-type': 'application/fhir+json',
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          {
            resource: { resourceType: 'Binary', id: 'guarded', contentType: 'a/b' },
            request: { method: 'PUT', url: 'Binary/guarded' },
          },
        ],
      }),
    })
    expect(transaction.status).toBe(403)
    const after = await call('GET', path, { token: withPatients })
    expect([after.status, after.headers.get('etag')]).toEqual([200, 'W/"2"'])
  })

  test('lets those in who may read what it names; one that tells no type only those who may read everything', async () => {
    const path = await put('told', SMALL, context)
    expect((await call('GET', path, { token: withPatients })).status).toBe(200)
    expect((await call('GET', await put('open', SMALL), { token: without })).status).toBe(200)
    const urn = await put('urn', SMALL, {
      'x-security-context': 'urn:uuid:0c6a9f8e-9b7e-4d35-8d9c-0a6f3f7d1c11',
    })
    expect((await call('GET', urn, { token: withPatients })).status).toBe(403)
    expect((await call('GET', urn)).status).toBe(200)
    const elsewhere = await put('far', SMALL, { 'x-security-context': 'https://example.org/fhir/Patient/9' })
    expect((await call('GET', elsewhere, { token: withPatients })).status).toBe(200)
    expect((await call('GET', elsewhere, { token: without })).status).toBe(403)
  })

  test('may be given by who can not read what it names, but not taken away again', async () => {
    const options = { body: SMALL, 'content-type': 'a/b', token: without }
    const created = await call('POST', '/Binary', { ...options, ...context })
    expect(created.status).toBe(201)
    const path = created.headers.get('location')!.replace('/_history/1', '')
    expect((await call('PUT', path, options)).status).toBe(403)
    expect((await call('GET', path, { token: without })).status).toBe(403)
  })

  test('of a patient makes each access one to the data of that patient', async () => {
    const path = await put('audited', SMALL, context)
    await call('GET', path)
    await call('GET', path, { range: 'bytes=0-1' })
    const rows = (await fhir.audits()).filter(({ entities }) => entities.startsWith('Binary/audited'))
    expect(
      rows.map(({ interaction, outcome, patients, detail }) => [
        interaction,
        outcome,
        patients,
        detail['status'],
      ]),
    ).toEqual([
      ['update', 0, expect.anything(), 201],
      ['read', 0, 'p1', 200],
      ['read', 0, 'p1', 206],
    ])
  })
})

test('the server says of itself that it takes and gives contents', async () => {
  const { json } = await call('GET', '/metadata')
  const [rest] = json.rest
  const described = rest.resource.filter(({ documentation }: { documentation?: string }) => documentation)
  expect(described.map(({ type }: { type: string }) => type)).toContain('Binary')
  const openapi = await call('GET', `${fhir.origin}/api/openapi.json`)
  const { put, get } = openapi.json.paths['/t/{tenant}/fhir/{type}/{id}']
  expect(Object.keys(put.requestBody.content)).toContain('*/*')
  expect(Object.keys(get.responses)).toEqual(expect.arrayContaining(['206', '304', '416']))
})

test("one tenant's content is not another's", async () => {
  const path = await put('mine', LARGE)
  const other = fhir.base.replace('/t/test/', '/t/other/')
  expect((await call('GET', other + path, { token: 'other' })).status).toBe(404)
  expect((await call('GET', path, { token: 'other' })).status).toBe(403)
})

test('fifty large contents at once all arrive', async () => {
  const contents = Array.from({ length: 50 }, () => randomBytes(200_000))
  await Promise.all(contents.map((content, i) => put(`many-${i}`, content)))
  const read = await Promise.all(contents.map((_content, i) => call('GET', `/Binary/many-${i}`)))
  expect(read.every(({ bytes }, i) => bytes.equals(contents[i]!))).toBe(true)
})

/** Without a length, in chunks. */
function sendInPieces(bytes: Buffer): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${fhir.base}/Binary`,
      { method: 'POST', headers: { authorization: 'Bearer test', 'content-type': 'image/png' } },
      (response) => {
        response.resume()
        resolve({ status: response.statusCode! })
      },
    )
    request.on('error', reject)
    for (let at = 0; at < bytes.length; at += 50_000) request.write(bytes.subarray(at, at + 50_000))
    request.end()
  })
}

function sendInPiecesUntil(bytes: Buffer, end: number): { readonly ended: Promise<void> } {
  const request = httpRequest(`${fhir.base}/Binary`, {
    method: 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'image/png', 'content-length': bytes.length },
  })
  const ended = new Promise<void>((resolve) => {
    request.on('error', () => resolve())
    request.on('close', () => resolve())
  })
  request.write(bytes.subarray(0, end), () => request.destroy())
  return { ended }
}
