/** Referential integrity at the FHIR door; how it behaves under load is in src/store/integrity/races.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFhir, type TestFhir } from './fixture.ts'

let fhir: TestFhir
beforeAll(async () => {
  fhir = await startFhir()
  await fhir.call('PUT', '/Patient/here', { resourceType: 'Patient', id: 'here' })
  await fhir.call('PUT', '/Patient/gone', { resourceType: 'Patient', id: 'gone' })
  await fhir.call('DELETE', '/Patient/gone')
  await asOther('PUT', '/Patient/theirs', { resourceType: 'Patient', id: 'theirs' })
})
afterAll(() => fhir[Symbol.asyncDispose]())

type Resource = Record<string, unknown>

const otherBase = () => fhir.base.replace('/t/test/', '/t/other/')
const asOther = (method: string, path: string, body?: unknown) =>
  fhir.call(method, otherBase() + path, body, { authorization: 'Bearer other' })
const observation = (subject: string, more: Resource = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
  ...more,
})
const transaction = (...entry: object[]) =>
  fhir.call('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })
const post = (resource: Resource, more: object = {}) => ({
  ...more,
  resource,
  request: { method: 'POST', url: String(resource['resourceType']) },
})
const put = (resource: Resource) => ({
  resource,
  request: { method: 'PUT', url: `${String(resource['resourceType'])}/${String(resource['id'])}` },
})
const remove = (url: string) => ({ request: { method: 'DELETE', url } })
const issues = ({ json }: { json: { issue: { code: string; expression?: string[] }[] } }) =>
  json.issue.map(({ code, expression }) => [code, ...(expression ?? [])])
const created = async (resource: Resource) => {
  const { status, json } = await fhir.call('POST', `/${String(resource['resourceType'])}`, resource)
  expect(status).toBe(201)
  return `${String(json.resourceType)}/${String(json.id)}`
}
const URN = 'urn:uuid:0b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a01'

describe('a reference', () => {
  test.each([
    ['to what is here', () => 'Patient/here', 201],
    ['to what is here by its absolute URL', () => `${fhir.base}/Patient/here`, 201],
    ['to a version that there is', () => 'Patient/here/_history/1', 201],
    ['to another server', () => 'https://other.example.org/fhir/Patient/1', 201],
    ['by urn', () => URN, 201],
    ['to what never was', () => 'Patient/never', 422],
    ['to what never was by its absolute URL', () => `${fhir.base}/Patient/never`, 422],
    ['to what was deleted', () => 'Patient/gone', 422],
    ['to a version of what was deleted', () => 'Patient/gone/_history/1', 422],
    ['to a version that there is not', () => 'Patient/here/_history/2', 422],
    ['to a version that is no number', () => 'Patient/here/_history/a', 422],
    ['to version 0', () => 'Patient/here/_history/0', 422],
    ['to a version beyond all numbers', () => 'Patient/here/_history/99999999999999999999', 422],
    ['to the right id of another type', () => 'Group/here', 422],
    ['that is a search outside of a transaction', () => 'Patient?identifier=1', 422],
    ['under our base to no resource', () => `${fhir.base}/Patient?identifier=1`, 422],
  ])('%s: %s', async (_what, reference, status) => {
    const answer = await fhir.call('POST', '/Observation', observation(reference()))
    expect(answer.status).toBe(status)
    if (status === 422) expect(issues(answer)).toEqual([['not-found', 'Observation.subject.reference']])
  })

  test('says which of our codes it is, in the language of the caller, and no data', async () => {
    const answer = await fhir.call('POST', '/Observation', observation('Patient/never-4711'), {
      'accept-language': 'de',
    })
    expect(answer.json.issue[0].details).toEqual({
      coding: [{ system: 'urn:passerelle:failure', code: 'reference-not-found' }],
      text: 'Der Verweis zeigt auf keine Ressource dieses Servers.',
    })
    expect(answer.text).not.toContain('4711')
  })

  test('counts wherever it stands, and all that are missing are told', async () => {
    const answer = await fhir.call(
      'POST',
      '/Observation',
      observation('Patient/here', {
        performer: [{ reference: 'Practitioner/no' }, { reference: 'Organization/no' }],
        contained: [{ resourceType: 'Specimen', id: 's', subject: { reference: 'Patient/no' } }],
        specimen: { reference: '#s' },
        extension: [{ url: 'urn:x', valueReference: { reference: 'Location/no' } }],
        _status: { extension: [{ url: 'urn:x', valueReference: { reference: 'Device/no' } }] },
        encounter: { identifier: { value: 'V1' } },
      }),
    )
    expect(answer.status).toBe(422)
    expect(issues(answer).map(([, place]) => place)).toEqual([
      'Observation.performer[0].reference',
      'Observation.performer[1].reference',
      'Observation.contained[0].subject.reference',
      'Observation.extension[0].value.ofType(Reference).reference',
      'Observation.status.extension[0].value.ofType(Reference).reference',
    ])
  })

  test('more missing ones than help anybody are cut', async () => {
    const performer = Array.from({ length: 250 }, (_, i) => ({ reference: `Practitioner/no-${i}` }))
    const answer = await fhir.call('POST', '/Observation', observation('Patient/here', { performer }))
    expect(answer.status).toBe(422)
    expect(answer.json.issue).toHaveLength(100)
  })

  test('of an update is held to the same', async () => {
    const id = await created(observation('Patient/here'))
    const resource = { ...observation('Patient/never'), id: id.split('/')[1]! }
    expect((await fhir.call('PUT', `/${id}`, resource)).status).toBe(422)
    expect((await fhir.call('GET', `/${id}`)).json.subject.reference).toBe('Patient/here')
    expect(
      (await fhir.call('PUT', '/Observation/new', { ...observation('Patient/never'), id: 'new' })).status,
    ).toBe(422)
    expect((await fhir.call('GET', '/Observation/new')).status).toBe(404)
  })

  test('of a resource to itself is good once it is written', async () => {
    const self = {
      resourceType: 'Patient',
      id: 'self',
      link: [{ other: { reference: 'Patient/self' }, type: 'seealso' }],
    }
    expect((await fhir.call('PUT', '/Patient/self', self)).status).toBe(201)
    expect((await fhir.call('DELETE', '/Patient/self')).status).toBe(204)
  })

  test('to an AuditEvent is held to the trail', async () => {
    const { json } = await fhir.call('GET', '/AuditEvent?_count=1')
    const pointing = (reference: string) => ({
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      entry: [{ item: { reference } }],
    })
    const { id } = json.entry[0].resource
    expect((await fhir.call('POST', '/List', pointing(`AuditEvent/${id}`))).status).toBe(201)
    expect((await fhir.call('POST', '/List', pointing(`AuditEvent/${id}/_history/1`))).status).toBe(201)
    expect((await fhir.call('POST', '/List', pointing(`AuditEvent/${id}/_history/2`))).status).toBe(422)
    expect((await fhir.call('POST', '/List', pointing('AuditEvent/1'))).status).toBe(422)
    expect((await fhir.call('POST', '/List', pointing('AuditEvent/never'))).status).toBe(422)
  })

  test('in what a Bundle carries is none of the server’s', async () => {
    const document = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'https://other.example.org/Observation/1', resource: observation('Patient/1') }],
    }
    expect((await fhir.call('POST', '/Bundle', document)).status).toBe(201)
  })

  test('that is refused leaves an audit row', async () => {
    await fhir.call('POST', '/Observation', observation('Patient/never'))
    const audits = await fhir.audits()
    expect(audits.at(-1)).toMatchObject({
      interaction: 'create',
      outcome: 4,
      detail: { status: 422, code: 'reference-not-found' },
    })
  })
})

describe('in a transaction', () => {
  test('a reference may point to what the transaction writes, in either direction', async () => {
    const answer = await transaction(
      put({ ...observation('Patient/t-new'), id: 't-obs' }),
      put({
        resourceType: 'Patient',
        id: 't-new',
        extension: [{ url: 'urn:x', valueReference: { reference: 'Observation/t-obs' } }],
      }),
      post(observation(URN)),
      post({ resourceType: 'Patient' }, { fullUrl: URN }),
      post(observation('Patient/t-new/_history/1')),
    )
    expect(answer.status).toBe(200)
    const later = await transaction(
      put({ resourceType: 'Patient', id: 't-new', active: true }),
      post(observation('Patient/t-new/_history/2')),
    )
    expect(later.status).toBe(200)
    expect((await transaction(post(observation('Patient/t-new/_history/3')))).status).toBe(422)
  })

  test('one missing target leaves nothing, and the problems say where', async () => {
    const answer = await transaction(
      put({ resourceType: 'Patient', id: 't-none' }),
      post(observation('Patient/never')),
      post(observation('Patient/t-none', { performer: [{ reference: 'Practitioner/never' }] })),
    )
    expect(answer.status).toBe(422)
    expect(issues(answer)).toEqual([
      ['not-found', 'Bundle.entry[1].resource.subject.reference'],
      ['not-found', 'Bundle.entry[2].resource.performer[0].reference'],
    ])
    expect((await fhir.call('GET', '/Patient/t-none')).status).toBe(404)
  })

  test('a version that the transaction itself does not reach is missing', async () => {
    const answer = await transaction(
      put({ resourceType: 'Patient', id: 't-first' }),
      post(observation('Patient/t-first/_history/2')),
    )
    expect(issues(answer)).toEqual([['not-found', 'Bundle.entry[1].resource.subject.reference']])
  })

  test('what it deletes is missing', async () => {
    const patient = await created({ resourceType: 'Patient' })
    const answer = await transaction(remove(patient), post(observation(patient)))
    expect(answer.status).toBe(422)
    expect((await fhir.call('GET', `/${patient}`)).status).toBe(200)
  })

  test('an update that changes nothing is a target like any other', async () => {
    const patient = { resourceType: 'Patient', id: 't-same' }
    await fhir.call('PUT', '/Patient/t-same', patient)
    expect((await transaction(put(patient), post(observation('Patient/t-same')))).status).toBe(200)
  })

  test('a batch takes each entry for itself', async () => {
    const { json } = await fhir.call('POST', '/', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [post(observation('Patient/here')), post(observation('Patient/never'))],
    })
    expect(json.entry.map(({ response }: { response: { status: string } }) => response.status)).toEqual([
      '201 Created',
      '422 Unprocessable Entity',
    ])
    expect(json.entry[1].response.outcome.issue[0].expression).toEqual(['Observation.subject.reference'])
  })
})

describe('a deletion', () => {
  test('of what others refer to is refused and says who; once they are gone it happens', async () => {
    const patient = await created({ resourceType: 'Patient' })
    const other = await created(observation(patient))
    const refused = await fhir.call('DELETE', `/${patient}`)
    expect(refused.status).toBe(409)
    expect(refused.json.issue).toEqual([
      {
        severity: 'error',
        code: 'conflict',
        details: {
          coding: [{ system: 'urn:passerelle:failure', code: 'resource-referenced' }],
          text: `This Patient can't be deleted while others refer to it (1): ${other}.`,
        },
        diagnostics: expect.any(String),
      },
    ])
    expect((await fhir.call('GET', `/${patient}`)).status).toBe(200)
    await fhir.call('DELETE', `/${other}`)
    expect((await fhir.call('DELETE', `/${patient}`)).status).toBe(204)
  })

  test.each<[string, (patient: string) => Resource]>([
    ['an element with a search parameter', (reference) => observation(reference)],
    ['an absolute URL', (reference) => observation(`${fhir.base}/${reference}`)],
    ['a version', (reference) => observation(`${reference}/_history/1`)],
    [
      'an extension',
      (reference) => ({
        resourceType: 'Basic',
        code: { text: 'x' },
        extension: [{ url: 'urn:x', valueReference: { reference } }],
      }),
    ],
    [
      'a contained resource',
      (reference) => ({
        resourceType: 'Basic',
        code: { text: 'x' },
        contained: [observation(reference, { id: 'o' })],
        extension: [{ url: 'urn:x', valueReference: { reference: '#o' } }],
      }),
    ],
    [
      'an element without a search parameter',
      (reference) => ({
        resourceType: 'Claim',
        status: 'active',
        type: { text: 'x' },
        use: 'claim',
        created: '2026-01-01',
        patient: { identifier: { value: '1' } },
        provider: { identifier: { value: '1' } },
        priority: { text: 'x' },
        insurance: [{ sequence: 1, focal: true, coverage: { identifier: { value: '1' } } }],
        payee: { type: { text: 'x' }, party: { reference } },
      }),
    ],
  ])('sees a reference in %s, and no longer when it has gone', async (_where, referring) => {
    const patient = await created({ resourceType: 'Patient' })
    const other = await created(referring(patient))
    expect((await fhir.call('DELETE', `/${patient}`)).status).toBe(409)
    // Rewritten so that it points elsewhere.
    const { json } = await fhir.call('GET', `/${other}`)
    const text = JSON.stringify(json).replaceAll(patient, 'Patient/here')
    const [type, id] = patient.split('/')
    expect(text).not.toContain(`${type}/${id}`)
    expect((await fhir.call('PUT', `/${other}`, text.replace('/_history/1', ''))).status).toBe(200)
    expect((await fhir.call('DELETE', `/${patient}`)).status).toBe(204)
  })

  test('names only what the caller may read, and counts the rest', async () => {
    const patient = await created({ resourceType: 'Patient' })
    await created(observation(patient))
    await created({
      resourceType: 'Flag',
      status: 'active',
      code: { text: 'x' },
      subject: { reference: patient },
    })
    const textFor = async (authorization: string) => {
      const { json, status } = await fhir.call('DELETE', `/${patient}`, undefined, { authorization })
      expect(status).toBe(409)
      return String(json.issue[0].details.text)
    }
    expect(await textFor('Bearer test')).toMatch(/\(2\): \w+\/[\w-]+, \w+\/[\w-]+\.$/)
    expect(await textFor('Bearer test~d')).toBe("This Patient can't be deleted while others refer to it (2).")
  })

  test('counts to a hundred', async () => {
    const patient = await created({ resourceType: 'Patient' })
    const entries = Array.from({ length: 120 }, () => post(observation(patient)))
    expect((await transaction(...entries)).status).toBe(200)
    const { json } = await fhir.call('DELETE', `/${patient}`)
    expect(json.issue[0].details.text).toMatch(/\(100\+\)/)
  })

  test('together with what refers, or with the rewriting of it, happens', async () => {
    const first = await created({ resourceType: 'Patient' })
    const deleted = await created(observation(first))
    const rewritten = await created(observation(first))
    const rewrite = { ...observation('Patient/here'), id: rewritten.split('/')[1]! }

    const refused = await transaction(remove(first), remove(deleted))
    expect(refused.status).toBe(409)
    expect(refused.json.issue[0]).toMatchObject({
      expression: ['Bundle.entry[0]'],
      details: { text: expect.stringContaining(rewritten) },
    })
    expect(refused.text).not.toContain(deleted)
    expect((await transaction(remove(first), remove(deleted), put(rewrite))).status).toBe(200)
    expect((await fhir.call('GET', `/${first}`)).status).toBe(410)
  })

  test('of two that refer to each other happens together only', async () => {
    const link = (id: string, to: string) => ({
      resourceType: 'Patient',
      id,
      link: [{ other: { reference: `Patient/${to}` }, type: 'seealso' }],
    })
    await transaction(put(link('c-1', 'c-2')), put(link('c-2', 'c-1')))
    expect((await fhir.call('DELETE', '/Patient/c-1')).status).toBe(409)
    expect((await transaction(remove('Patient/c-1'), remove('Patient/c-2'))).status).toBe(200)
  })

  test('is not hindered by what a Bundle carries', async () => {
    const id = 'carried'
    const composition = {
      resourceType: 'Composition',
      id,
      status: 'final',
      type: { text: 'x' },
      date: '2026-01-01',
      author: [{ display: 'x' }],
      title: 'x',
    }
    await fhir.call('PUT', `/Composition/${id}`, composition)
    const document = {
      resourceType: 'Bundle',
      type: 'document',
      identifier: { system: 'urn:x', value: '1' },
      timestamp: '2026-01-01T00:00:00Z',
      entry: [{ fullUrl: 'urn:uuid:0b6ad1bf-8f11-4b8e-9f5f-6f2d0a5b3a02', resource: composition }],
    }
    expect((await fhir.call('POST', '/Bundle', document)).status).toBe(201)
    expect((await fhir.call('DELETE', `/Composition/${id}`)).status).toBe(204)
  })
})

describe('what only another tenant has', () => {
  const absent = async (send: (name: string) => Promise<{ status: number; text: string }>) => {
    const [theirs, nobodys] = [await send('theirs'), await send('nobody')]
    // Word for word the same, but for the name that the client itself sent.
    expect(theirs.status).toBe(nobodys.status)
    expect(theirs.text.replaceAll('theirs', '…')).toBe(nobodys.text.replaceAll('nobody', '…'))
    return theirs
  }

  test('is as absent to a reference as what nobody has', async () => {
    expect(
      (await absent((id) => fhir.call('POST', '/Observation', observation(`Patient/${id}`)))).status,
    ).toBe(422)
    expect(
      (await absent((id) => fhir.call('POST', '/Observation', observation(`Patient/${id}/_history/1`))))
        .status,
    ).toBe(422)
    expect((await absent((id) => transaction(post(observation(`Patient/${id}`))))).status).toBe(422)
    expect(
      (await absent((id) => fhir.call('PUT', '/Observation/x', { ...observation(`Patient/${id}`), id: 'x' })))
        .status,
    ).toBe(422)
    expect(
      (
        await absent((id) =>
          fhir.call('POST', '/', {
            resourceType: 'Bundle',
            type: 'batch',
            entry: [post(observation(`Patient/${id}`))],
          }),
        )
      ).text,
    ).toContain('422')
  })

  test('is another server’s by its absolute URL, and nothing is looked up', async () => {
    const send = (id: string) =>
      fhir.call('POST', '/Observation', observation(`${otherBase()}/Patient/${id}`), {
        prefer: 'return=minimal',
      })
    expect((await absent(send)).status).toBe(201)
    const through = `${fhir.base}/../../other/fhir/Patient`
    expect(
      (await absent((id) => fhir.call('POST', '/Observation', observation(`${through}/${id}`)))).status,
    ).toBe(422)
  })

  test('matches no condition: not of a create, not of a reference', async () => {
    await asOther('POST', '/Patient', {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:mrn', value: 'theirs' }],
    })
    const criteria = (value: string) => `identifier=urn:mrn|${value}`
    expect(
      (await absent((value) => transaction(post(observation(`Patient?${criteria(value)}`))))).status,
    ).toBe(412)
    const made = await fhir.call(
      'POST',
      '/Patient',
      { resourceType: 'Patient' },
      { 'if-none-exist': criteria('theirs') },
    )
    expect(made.status).toBe(201)
  })

  test('can be neither read, nor seen in its history, nor deleted, nor be in the way', async () => {
    expect((await absent((id) => fhir.call('GET', `/Patient/${id}`))).status).toBe(404)
    expect((await absent((id) => fhir.call('GET', `/Patient/${id}/_history`))).status).toBe(404)
    expect((await absent((id) => fhir.call('GET', `/Patient/${id}/_history/1`))).status).toBe(404)
    expect((await absent((id) => fhir.call('DELETE', `/Patient/${id}`))).status).toBe(204)
    expect((await asOther('GET', '/Patient/theirs')).status).toBe(200)
  })

  test('does not keep what has the same name here from being deleted', async () => {
    await fhir.call('PUT', '/Patient/twin', { resourceType: 'Patient', id: 'twin' })
    await asOther('PUT', '/Patient/twin', { resourceType: 'Patient', id: 'twin' })
    expect((await asOther('POST', '/Observation', observation('Patient/twin'))).status).toBe(201)
    expect((await fhir.call('DELETE', '/Patient/twin')).status).toBe(204)
    expect((await asOther('DELETE', '/Patient/twin')).status).toBe(409)
    expect((await fhir.call('POST', '/Observation', observation('Patient/twin'))).status).toBe(422)
  })

  test('is refused at its own address', async () => {
    expect((await fhir.call('GET', `${otherBase()}/Patient/theirs`)).status).toBe(403)
  })
})

test('switched off, references may point anywhere and anything can be deleted', async () => {
  await using off = await startFhir({}, undefined, { referentialIntegrity: 'off' })
  expect((await off.call('POST', '/Observation', observation('Patient/never'))).status).toBe(201)
  await off.call('PUT', '/Patient/p', { resourceType: 'Patient', id: 'p' })
  await off.call('POST', '/Observation', observation('Patient/p'))
  expect((await off.call('DELETE', '/Patient/p')).status).toBe(204)
  const policy = (type: string) => async (server: TestFhir) => {
    const { json } = await server.call('GET', '/metadata')
    return json.rest[0].resource.find((one: { type: string }) => one.type === type).referencePolicy
  }
  expect(await policy('Observation')(off)).toEqual(['literal', 'logical'])
  expect(await policy('Observation')(fhir)).toEqual(['literal', 'logical', 'enforced'])
  expect(await policy('AuditEvent')(fhir)).toEqual(['literal', 'logical'])
})
