/** _include and _revinclude. https://hl7.org/fhir/R4/search.html#include */
import { describe, expect, test } from 'vitest'

import { type FoundBundle, idsOf, type Sample, serve } from './judge.ts'

const coded = { text: 'x' }
const organization = (id: string, more: Record<string, unknown> = {}): Sample => ({
  resourceType: 'Organization',
  id,
  name: id,
  ...more,
})
const patient = (id: string, more: Record<string, unknown> = {}): Sample => ({
  resourceType: 'Patient',
  id,
  name: [{ family: id }],
  ...more,
})

const server = serve([
  organization('top'),
  organization('middle', { partOf: { reference: 'Organization/top' } }),
  organization('bottom', { partOf: { reference: 'Organization/middle' } }),
  { resourceType: 'Practitioner', id: 'andy', name: [{ family: 'Andy' }] },
  { resourceType: 'Practitioner', id: 'anderson', name: [{ family: 'Anderson' }] },
  patient('adams', {
    managingOrganization: { reference: 'Organization/bottom' },
    generalPractitioner: [{ reference: 'Practitioner/andy' }],
  }),
  patient('smith', {
    generalPractitioner: [{ reference: 'Practitioner/anderson' }, { reference: 'Organization/top' }],
  }),
  {
    resourceType: 'MedicationRequest',
    id: 'mr1',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/adams' },
    requester: { reference: 'Practitioner/andy' },
    medicationReference: { reference: 'Medication/drug' },
  },
  { resourceType: 'Medication', id: 'drug', manufacturer: { reference: 'Organization/bottom' } },
  {
    resourceType: 'MedicationDispense',
    id: 'md1',
    status: 'completed',
    subject: { reference: 'Patient/adams' },
    medicationCodeableConcept: coded,
    authorizingPrescription: [{ reference: 'MedicationRequest/mr1' }],
    performer: [{ actor: { reference: 'Practitioner/anderson' } }],
  },
  {
    resourceType: 'Observation',
    id: 'leaf',
    status: 'final',
    code: coded,
    subject: { reference: 'Patient/adams' },
  },
  {
    resourceType: 'Observation',
    id: 'branch',
    status: 'final',
    code: coded,
    subject: { reference: 'Patient/adams' },
    hasMember: [{ reference: 'Observation/leaf' }],
  },
  {
    resourceType: 'Observation',
    id: 'root',
    status: 'amended',
    code: coded,
    subject: { reference: 'Patient/smith' },
    hasMember: [{ reference: 'Observation/branch' }, { reference: 'Observation/root' }],
  },
  {
    resourceType: 'Observation',
    id: 'loose',
    status: 'registered',
    code: coded,
    contained: [
      { resourceType: 'Patient', id: 'p', managingOrganization: { reference: 'Organization/top' } },
    ],
    subject: { reference: '#p' },
    performer: [{ reference: 'https://elsewhere.example.org/fhir/Practitioner/1' }, { display: 'Somebody' }],
  },
  {
    resourceType: 'Provenance',
    id: 'prov',
    target: [{ reference: 'MedicationRequest/mr1' }, { reference: 'Observation/leaf' }],
    recorded: '2024-01-01T00:00:00Z',
    agent: [{ who: { reference: 'Practitioner/andy' } }],
  },
  {
    resourceType: 'Library',
    id: 'lib',
    status: 'active',
    type: coded,
    url: 'http://acme.org/lib',
    version: '1.0',
  },
  {
    resourceType: 'Library',
    id: 'newer',
    status: 'active',
    type: coded,
    url: 'http://acme.org/lib',
    version: '2.0',
  },
  { resourceType: 'Measure', id: 'measure', status: 'active', library: ['http://acme.org/lib|1.0'] },
  { resourceType: 'Measure', id: 'unversioned', status: 'active', library: ['http://acme.org/lib'] },
])

async function told(query: string): Promise<string> {
  const { status, json, text } = await server.fhir().call('GET', `/${query}`)
  expect(status, text).toBe(200)
  const bundle = json as unknown as FoundBundle
  return `${idsOf(bundle)} / ${idsOf(bundle, 'include')}`.trim()
}

describe('what is brought along', () => {
  test.each([
    ['MedicationRequest?_include=MedicationRequest:patient', 'mr1 / adams'],
    ['MedicationRequest?_include=MedicationRequest:subject', 'mr1 / adams'],
    ['MedicationRequest?_include=MedicationRequest:subject:Patient', 'mr1 / adams'],
    ['MedicationRequest?_include=MedicationRequest:subject:Group', 'mr1 /'],
    [
      'MedicationRequest?_include=MedicationRequest:patient&_include=MedicationRequest:requester',
      'mr1 / adams andy',
    ],
    ['MedicationRequest?_include=MedicationRequest:medication', 'mr1 / drug'],
    ['MedicationRequest?_include=MedicationRequest:*', 'mr1 / adams andy drug'],
    ['MedicationRequest?_include=*', 'mr1 / adams andy drug'],
    ['MedicationRequest?_include=MedicationRequest:encounter', 'mr1 /'],
    ['MedicationRequest?_revinclude=Provenance:target', 'mr1 / prov'],
    ['MedicationRequest?_revinclude=Provenance:target:MedicationRequest', 'mr1 / prov'],
    ['MedicationRequest?_revinclude=Provenance:target:Observation', 'mr1 /'],
    ['MedicationRequest?_revinclude=MedicationDispense:prescription', 'mr1 / md1'],
    ['MedicationRequest?_revinclude=*', 'mr1 / md1 prov'],
    [
      'MedicationRequest?_include=MedicationRequest:patient&_revinclude=Provenance:target',
      'mr1 / adams prov',
    ],
    // not of what was included, unless asked to iterate
    [
      'MedicationDispense?_include=MedicationDispense:prescription&_include=MedicationRequest:requester',
      'md1 / mr1',
    ],
    [
      'MedicationDispense?_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:requester',
      'md1 / andy mr1',
    ],
    [
      'MedicationDispense?_include:iterate=MedicationDispense:prescription&_include:iterate=MedicationRequest:requester',
      'md1 / andy mr1',
    ],
    [
      'MedicationDispense?_include:iterate=MedicationRequest:requester&_include=MedicationDispense:prescription',
      'md1 / andy mr1',
    ],
    ['MedicationDispense?_include:iterate=MedicationRequest:requester', 'md1 /'],
    [
      'MedicationDispense?_include=MedicationDispense:patient&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
      'md1 / adams bottom middle top',
    ],
    [
      'MedicationDispense?_include=MedicationDispense:prescription&_include:iterate=MedicationRequest:medication&_include:iterate=Medication:manufacturer',
      'md1 / bottom drug mr1',
    ],
    ['Organization?_id=bottom&_include=Organization:partof', 'bottom / middle'],
    ['Organization?_id=bottom&_include:iterate=Organization:partof', 'bottom / middle top'],
    ['Organization?_id=top&_revinclude=Organization:partof', 'top / middle'],
    ['Organization?_id=top&_revinclude:iterate=Organization:partof', 'top / bottom middle'],
    [
      'Organization?_id=top&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization',
      'top / adams bottom middle',
    ],
    [
      'Patient?_id=adams&_revinclude=MedicationRequest:patient&_revinclude:iterate=Provenance:target',
      'adams / mr1 prov',
    ],
    [
      'Patient?_id=adams&_revinclude=MedicationRequest:patient&_revinclude:iterate=MedicationDispense:prescription',
      'adams / md1 mr1',
    ],
    [
      'Patient?_id=adams&_revinclude=MedicationRequest:patient&_include:iterate=MedicationRequest:requester',
      'adams / andy mr1',
    ],
    // circles, and what is a match already
    ['Observation?_id=root&_include:iterate=Observation:has-member', 'root / branch leaf'],
    ['Observation?_id=root&_include=Observation:has-member', 'root / branch'],
    ['Observation?_include=Observation:has-member', 'branch leaf loose root /'],
    ['Observation?_id=leaf&_revinclude:iterate=Observation:has-member', 'leaf / branch root'],
    // types of several
    ['Patient?_id=smith&_include=Patient:general-practitioner', 'smith / anderson top'],
    ['Patient?_id=smith&_include=Patient:general-practitioner:Practitioner', 'smith / anderson'],
    ['Patient?_id=smith&_include=Patient:general-practitioner:Organization', 'smith / top'],
    // "cannot be retrieved (e.g. on a different server), then the resource is omitted"
    ['Observation?_id=loose&_include=Observation:subject&_include=Observation:performer', 'loose /'],
    ['Observation?_id=loose&_include=*', 'loose /'],
    // canonical references, in their versions
    ['Measure?_id=measure&_include=Measure:depends-on', 'measure / lib'],
    ['Measure?_id=unversioned&_include=Measure:depends-on', 'unversioned / lib newer'],
    ['Measure?_id=measure&_include=Measure:depends-on:Library', 'measure / lib'],
    ['Measure?_id=measure&_include=*', 'measure / lib'],
    ['Library?_id=lib&_revinclude=Measure:depends-on', 'lib / measure unversioned'],
    ['Library?_id=newer&_revinclude=Measure:depends-on', 'newer / unversioned'],
    ['Library?_id=newer&_revinclude=*', 'newer / unversioned'],
    // with everything else
    ['Observation?subject:Patient.name=smith&_include=Observation:subject', 'root / smith'],
    ['Observation?status=final&_sort=-_id&_count=1&_include=Observation:subject', 'leaf / adams'],
    ['Patient?name=nobody&_include=Patient:organization', '/'],
    ['?_type=MedicationRequest,MedicationDispense&_include=MedicationRequest:requester', 'md1 mr1 / andy'],
    ['Patient/adams/Observation?_include=Observation:patient', 'branch leaf / adams'],
  ])('%s', async (query, expected) => expect(await told(query)).toBe(expected))

  test('a reference to a version brings that version', async () => {
    const fhir = server.fhir()
    await fhir.call('PUT', '/Practitioner/old', {
      resourceType: 'Practitioner',
      id: 'old',
      name: [{ family: 'Before' }],
    })
    await fhir.call('PUT', '/Practitioner/old', {
      resourceType: 'Practitioner',
      id: 'old',
      name: [{ family: 'After' }],
    })
    const basic = (id: string, reference: string) =>
      fhir.call('PUT', `/Basic/${id}`, { resourceType: 'Basic', id, code: coded, author: { reference } })
    await basic('b1', 'Practitioner/old/_history/1')
    await basic('b2', 'Practitioner/old')
    await basic('b9', 'Practitioner/old/_history/9')
    const families = async (query: string) => {
      const { json } = await fhir.call('GET', `/Basic?${query}&_include=Basic:author`)
      const found = (json as unknown as FoundBundle).entry!.filter(({ search }) => search.mode === 'include')
      return found.map(({ resource }) => (resource['name'] as { family: string }[])[0]!.family).toSorted()
    }
    expect(await families('_id=b1')).toEqual(['Before'])
    expect(await families('_id=b2')).toEqual(['After'])
    expect(await families('_id=b1,b2')).toEqual(['After', 'Before'])
    expect(await families('_id=b9')).toEqual([])
  })

  test('_count and total are of the matches', async () => {
    const { json } = await server
      .fhir()
      .call('GET', '/Patient?_count=1&_sort=_id&_total=accurate&_revinclude=Observation:patient')
    const bundle = json as unknown as FoundBundle
    expect([idsOf(bundle), idsOf(bundle, 'include'), bundle.total]).toEqual(['adams', 'branch leaf', 2])
  })
})

test.each([
  'Patient?_include=Patient',
  'Patient?_include=Patient:nothing',
  'Patient?_include=Nothing:organization',
  'Patient?_include=Patient:name',
  'Patient?_include=Patient:organization:Nothing',
  'Patient?_include=Patient:organization:Patient',
  'Patient?_include:nothing=Patient:organization',
  'Patient?_revinclude=Observation',
  'Patient?_revinclude=Observation:code',
  'Patient?_include=Patient:organization&_summary=text',
])('%s is refused', async (query) => {
  expect((await server.fhir().call('GET', `/${query}`)).status).toBe(400)
})
