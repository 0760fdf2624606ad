/** A laboratory's HPRIM santé file through a channel: door, journal, tables, store. All people are invented. */
import { expect, test } from 'vitest'

import { makeValidator } from '../fhir/index.ts'
import { encodeText } from '../hl7/index.ts'
import type { MappedResource } from '../mapping/index.ts'
import { mapForChannel } from './index.ts'
import { definitions, programOf, withPipeline } from './pipeline.fixture.ts'
import { presetChannel } from './testing.ts'

const HEADER =
  'H|~^\\&|LAB00042.HPR||LABSUD~Laboratoire du Sud||ORU|||CAB13~Cabinet des Oliviers||P|H2.3~C|202603101815'
const FABRE = [
  'P|1|D4411|L99817||FABRE~LUCIE~~~MME|GARCIN|19710922|F||8 ALLÉE DES PINS~~AUBAGNE~~13400||0442000002',
  'OBR|1|E7701~DEM5501|S8801~R26031001|NFS~Numération~L^CRP~CRP~L|R|202603100730|202603100745|||||||202603100830|SANG|131218026~ROUX Hélène~L~CARD~Cardiologie~L|0442000003|||||202603101700|||F',
  'OBX|1|NM|HGB~Hémoglobine~L||13,',
  'A|4|g/dL|12 - 16|N|||F|||202603101200|HEMA~10',
  'C|1|L|Contrôlé sur un second tube',
  'OBX|2|NM|CRP~Protéine C réactive~L||38.20|mg/L|< 5|H|||F|||202603101200|BIOCH~20',
  'OBX|3|FIC|CR~Compte rendu~L||CR26031001.PDF~PDF|||||||F',
]
const MAURIN = [
  'P|2|D4412|||MAURIN~PAUL||19600105|M',
  'OBR|1|~DEM5502|~R26031002|GLY~Glycémie~L|R||202603100800|||||||||131218026~ROUX Hélène|||||||||F',
  'OBX|1|NM|GLY~Glycémie~L||5,10|mmol/L|3,9 - 6,1|N|||F',
]
const file = (...lines: string[]): Buffer =>
  encodeText([HEADER, ...lines, 'L|1||2|13', ''].join('\r\n'), 'iso-8859-1')

const channel = await presetChannel(
  'format: hprim\npreset: france\nmapping: { switches: { attachment: document } }\n',
)
const program = await programOf(channel)

function mapped(raw: Buffer): readonly MappedResource[] {
  const result = mapForChannel({ raw, receivedAt: Date.UTC(2026, 2, 10) }, channel, program)
  if ('reason' in result) throw new Error(result.reason)
  return result.resources
}

const ofType = (resources: readonly MappedResource[], type: string) =>
  resources.filter((each) => each.type === type)

test('a file becomes patient, request, report, results, specimen, prescriber and laboratory', () => {
  const resources = mapped(file(...FABRE))
  const only = (type: string) => {
    const found = ofType(resources, type)
    expect(found).toHaveLength(1)
    return { id: `${type}/${found[0]!.id}`, resource: found[0]!.resource }
  }
  const patient = only('Patient')
  const request = only('ServiceRequest')
  const report = only('DiagnosticReport')
  const specimen = only('Specimen')
  const laboratory = ofType(resources, 'Organization').find(
    ({ resource }) => resource['name'] === 'Laboratoire du Sud',
  )!
  expect(patient.resource).toMatchObject({
    identifier: [{ value: 'D4411', type: { coding: [{ code: 'PI' }] } }, { value: 'L99817' }],
    name: [
      { family: 'FABRE', given: ['LUCIE'], prefix: ['MME'], use: 'usual' },
      { family: 'GARCIN', given: ['LUCIE'], use: 'official' },
    ],
    birthDate: '1971-09-22',
    gender: 'female',
    address: [{ line: ['8 ALLÉE DES PINS'], city: 'AUBAGNE', postalCode: '13400' }],
    telecom: [{ value: '0442000002' }],
  })
  expect(only('Practitioner').resource).toMatchObject({
    identifier: [{ value: '131218026' }],
    name: [{ text: 'ROUX Hélène' }],
  })
  expect(request.resource).toMatchObject({
    status: 'completed',
    intent: 'order',
    identifier: [{ value: 'DEM5501' }, { value: 'R26031001' }],
    code: { coding: [{ code: 'NFS' }] },
    orderDetail: [{ coding: [{ code: 'CRP' }] }],
    subject: { reference: patient.id },
    requester: { reference: only('PractitionerRole').id },
  })
  expect(report.resource).toMatchObject({
    status: 'final',
    issued: '2026-03-10T17:00:00+01:00',
    subject: { reference: patient.id },
    basedOn: [{ reference: request.id }],
    specimen: [{ reference: specimen.id }],
    performer: [{ reference: `Organization/${laboratory.id}` }],
    result: [{}, {}, {}],
  })
  expect(specimen.resource).toMatchObject({
    identifier: [{ value: 'E7701' }, { value: 'S8801' }],
    collection: { collectedDateTime: '2026-03-10T07:45:00+01:00' },
    receivedTime: '2026-03-10T08:30:00+01:00',
  })
  const [haemoglobin, , document] = ofType(resources, 'Observation')
  expect(haemoglobin!.resource).toMatchObject({
    status: 'final',
    code: { coding: [{ code: 'HGB', display: 'Hémoglobine' }] },
    valueQuantity: { value: 13.4, unit: 'g/dL', code: 'g/dL' },
    referenceRange: [{ text: '12 - 16' }],
    interpretation: [{ coding: [{ code: 'N' }] }],
    note: [{ text: 'Contrôlé sur un second tube' }],
    performer: [{ reference: `Organization/${laboratory.id}` }],
    effectiveDateTime: '2026-03-10T12:00:00+01:00',
  })
  expect(document!.resource['derivedFrom']).toEqual([{ reference: only('DocumentReference').id }])
  expect(JSON.stringify(ofType(resources, 'Observation').map(({ exact }) => exact))).toContain('38.20')
})

test('all of it is valid R4, no reference leads nowhere, and it comes out the same again', () => {
  const validator = makeValidator(definitions)
  for (const raw of [file(...FABRE), file(...MAURIN)]) {
    const resources = mapped(raw)
    expect(resources).toEqual(mapped(raw))
    const known = new Set(resources.map(({ type, id }) => `${type}/${id}`))
    for (const { type, resource } of resources) {
      const problems = validator.validate(resource, type)
      expect(problems.filter(({ severity }) => severity === 'error' || severity === 'fatal')).toEqual([])
      for (const [, reference] of JSON.stringify(resource).matchAll(/"reference":"([^"#]+)"/g))
        expect(known).toContain(reference)
    }
  }
})

test('a correction of a result is the same result', () => {
  const before = mapped(file(...MAURIN))
  const corrected = MAURIN.map((line) => line.replace('5,10', '5,40').replace(/F$/, 'C'))
  const after = mapped(
    encodeText(
      file(...corrected)
        .toString('latin1')
        .replace('1815', '1930'),
      'iso-8859-1',
    ),
  )
  const of = (resources: readonly MappedResource[]) => ofType(resources, 'Observation')[0]!
  expect(of(after).id).toBe(of(before).id)
  expect(ofType(after, 'DiagnosticReport')[0]!.id).toBe(ofType(before, 'DiagnosticReport')[0]!.id)
  expect(of(after).resource).toMatchObject({ status: 'corrected', valueQuantity: { value: 5.4 } })
})

test('a file with two patients is one answer and two messages, each in its patient’s lane', () =>
  withPipeline(channel, async ({ send, versions, database: { ownerQuery } }) => {
    expect(await send(file(...FABRE, ...MAURIN))).toBe('AA')
    const rows = await ownerQuery(
      'select state, control_id, patient, sending_facility, type, lane::text as lane from passerelle.message order by id',
    )
    expect(rows).toMatchObject([
      {
        state: 'done',
        control_id: 'LAB00042.HPR-202603101815',
        patient: 'D4411^CAB13',
        sending_facility: 'LABSUD',
        type: 'ORU^R01',
      },
      { state: 'done', control_id: 'LAB00042.HPR-202603101815-2', patient: 'D4412^CAB13' },
    ])
    expect(rows[0]!['lane']).not.toBe(rows[1]!['lane'])
    const written = await versions()
    expect(written.length).toBeGreaterThan(15)
    // The same file again: the stored answer, nothing else.
    expect(await send(file(...FABRE, ...MAURIN))).toBe('AA')
    expect(await ownerQuery('select id from passerelle.message')).toHaveLength(2)
    expect(await versions()).toEqual(written)
  }))

test('height, weight, diagnosis and the dates of a stay are told of the patient', () => {
  const fields = Array.from({ length: 24 }, () => '')
  const said = {
    0: 'P',
    1: '1',
    2: 'D4413',
    4: 'SEJ9',
    5: 'ROY~ANNE',
    16: '168',
    17: '61,5~kg',
    18: 'D50~Anémie~I10',
    23: '202603090900',
  }
  const p = Object.assign(fields, said).join('|')
  const resources = mapped(file(p, 'C|1|L|À jeun', MAURIN[1]!, MAURIN[2]!))
  const byCode = (code: string) =>
    ofType(resources, 'Observation').find(({ resource }) => JSON.stringify(resource['code']).includes(code))!
      .resource
  expect(byCode('8302-2')).toMatchObject({ status: 'final', valueQuantity: { value: 168, code: 'cm' } })
  expect(byCode('29463-7')).toMatchObject({ valueQuantity: { value: 61.5, code: 'kg' } })
  const [condition] = ofType(resources, 'Condition')
  expect(condition!.resource).toMatchObject({ code: { coding: [{ code: 'D50', display: 'Anémie' }] } })
  expect(ofType(resources, 'ServiceRequest')[0]!.resource).toMatchObject({
    reasonReference: [{ reference: `Condition/${condition!.id}` }],
  })
  expect(ofType(resources, 'Encounter')[0]!.resource).toMatchObject({
    period: { start: '2026-03-09T09:00:00+01:00' },
  })
  expect(JSON.stringify(ofType(resources, 'Patient')[0]!.resource)).toContain('À jeun')
  expect(ofType(resources, 'DiagnosticReport')[0]!.resource['result']).toHaveLength(1)
  const validator = makeValidator(definitions)
  expect(
    resources
      .flatMap(({ type, resource }) => validator.validate(resource, type))
      .filter(({ severity }) => severity === 'error'),
  ).toEqual([])
})

test('half a file and HL7 are refused and kept', () =>
  withPipeline(channel, async ({ send, database: { ownerQuery } }) => {
    const whole = file(...FABRE)
    expect(await send(whole.subarray(0, whole.length - 40))).toBe('AR')
    expect(await send(Buffer.from('MSH|^~\\&|LAB|HOSP|||20260101||ORU^R01|1|P|2.5\r'))).toBe('AR')
    expect(await ownerQuery('select state, last_error from passerelle.message order by id')).toEqual([
      { state: 'refused', last_error: 'hl7-no-end' },
      { state: 'refused', last_error: 'hl7-no-header' },
    ])
  }))
