/** What a study becomes. Every resource made here is checked against R4's definitions. */
import { describe, expect, test } from 'vitest'

import type { Dataset, ElementValue } from '../../dicom/index.ts'
import { Tag, type TagName } from '../../dicom/index.ts'
import { loadDefinitions, makeValidator } from '../../fhir/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { makeTimeZone } from '../../kernel/time-zone.ts'
import { bodyPartOf } from './body-part.ts'
import { BODY_PARTS } from './body-parts.ts'
import {
  type DicomMappingContext,
  imagingStudyId,
  type InstanceRecord,
  instanceNumber,
  instanceTitle,
  mapStudy,
  mergeImagingStudy,
  patientIdentity,
  type StudyRecord,
} from './index.ts'

const validator = makeValidator(loadDefinitions())

const CONTEXT: DicomMappingContext = {
  tenantKey: 'test',
  channel: 'imaging',
  timeZone: makeTimeZone('Europe/Paris'),
  identifierSystems: { CHU_A: 'https://chu-a.example/patients', '99LOCAL': 'https://chu-a.example/codes' },
}

type Values = Partial<Record<TagName, readonly ElementValue[] | string>>

const NAMES = new Set([
  'PatientName',
  'ReferringPhysicianName',
  'PerformingPhysicianName',
  'OperatorsName',
  'NameOfPhysiciansReadingStudy',
])

/** A dataset from names and plain values; a list of datasets is a sequence. */
function dataset(values: Values): Dataset {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const list = typeof value === 'string' ? [NAMES.has(name) ? { Alphabetic: value } : value] : value
      const vr = NAMES.has(name) ? 'PN' : name.endsWith('Sequence') ? 'SQ' : 'LO'
      return [Tag[name as TagName], { vr, Value: list }]
    }),
  )
}

const UID = '1.2.250.1.59.40211.1'

function instance(number: number, more: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    sopInstanceUid: `${UID}.9.${number}`,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    number,
    title: undefined,
    header: undefined,
    ...more,
  }
}

function study(attributes: Dataset, more: Partial<StudyRecord> = {}): StudyRecord {
  const whole = { ...dataset({ PatientID: '4711', StudyInstanceUID: UID }), ...attributes }
  return {
    studyUid: UID,
    patient: patientIdentity(whole, UID, CONTEXT).id,
    attributes: whole,
    conflicts: 0,
    series: [
      {
        seriesUid: `${UID}.1`,
        attributes: dataset({ Modality: 'CT', SeriesNumber: '1' }),
        instances: [instance(1)],
      },
    ],
    ...more,
  }
}

/** Maps, and refuses what R4 refuses. */
function map(record: StudyRecord, context = CONTEXT) {
  const mapped = mapStudy(record, context)
  for (const resource of [mapped.patient, mapped.imagingStudy, mapped.task].filter(
    (one) => one !== undefined,
  )) {
    expect(validator.validate(resource, resource['resourceType'] as string)).toEqual([])
  }
  return mapped
}

function imagingStudy(attributes: Values): JsonObject {
  return map(study(dataset(attributes))).imagingStudy
}

describe('the study', () => {
  test('has the id that its UID makes, wherever it comes from', () => {
    const { imagingStudy: made } = map(study({}))
    expect(made).toMatchObject({
      id: imagingStudyId(UID, CONTEXT),
      meta: { source: `urn:passerelle:imaging#${UID}` },
      status: 'available',
      identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${UID}` }],
      numberOfSeries: 1,
      numberOfInstances: 1,
    })
    expect(imagingStudyId(UID, { ...CONTEXT, tenantKey: 'other' })).not.toBe(made['id'])
  })

  test('lists modalities, series and instances once and in order', () => {
    const series = [
      { seriesUid: `${UID}.3`, attributes: dataset({ Modality: 'SR' }), instances: [instance(1)] },
      {
        seriesUid: `${UID}.2`,
        attributes: dataset({ Modality: 'CT', SeriesNumber: '2' }),
        instances: [instance(10), instance(9)],
      },
      { seriesUid: `${UID}.1`, attributes: dataset({ Modality: 'CT', SeriesNumber: '1' }), instances: [] },
    ]
    const made = map(study({}, { series })).imagingStudy
    expect(made['modality']).toEqual(
      ['CT', 'SR'].map((code) => ({ system: 'http://dicom.nema.org/resources/ontology/DCM', code })),
    )
    expect(made).toMatchObject({ numberOfSeries: 3, numberOfInstances: 3 })
    expect((made['series'] as JsonObject[]).map(({ uid }) => uid)).toEqual([
      `${UID}.1`,
      `${UID}.2`,
      `${UID}.3`,
    ])
    const [, second] = made['series'] as JsonObject[]
    expect((second!['instance'] as JsonObject[]).map(({ number }) => number)).toEqual([9, 10])
  })

  test('is the same text however its rows are ordered', () => {
    const series = [1, 2, 3].map((number) => {
      return {
        seriesUid: `${UID}.${number}`,
        attributes: dataset({ Modality: 'MR' }),
        instances: [instance(2), instance(1)],
      }
    })
    const one = map(study({}, { series })).imagingStudy
    const other = map(study({}, { series: series.toReversed() })).imagingStudy
    expect(JSON.stringify(other)).toBe(JSON.stringify(one))
  })

  test('a series without a modality is OT, with a warning', () => {
    const series = [{ seriesUid: `${UID}.1`, attributes: {}, instances: [instance(1)] }]
    const { imagingStudy: made, warnings } = map(study({}, { series }))
    expect(made['series']).toMatchObject([{ modality: { code: 'OT' } }])
    expect(warnings).toEqual(['modality-missing'])
  })
})

describe('started', () => {
  test.each([
    [
      'the offset of the dataset',
      { StudyDate: '20260115', StudyTime: '103000.120', TimezoneOffsetFromUTC: '+0200' },
      '2026-01-15T10:30:00.120+02:00',
    ],
    ['winter in Paris', { StudyDate: '20260115', StudyTime: '103000' }, '2026-01-15T10:30:00+01:00'],
    ['summer in Paris', { StudyDate: '20260715', StudyTime: '103000' }, '2026-07-15T10:30:00+02:00'],
    ['the hour only', { StudyDate: '20260115', StudyTime: '10' }, '2026-01-15T10:00:00+01:00'],
    ['ACR-NEMA spelling', { StudyDate: '1993.04.30', StudyTime: '10:30:15' }, '1993-04-30T10:30:15+02:00'],
    ['no time', { StudyDate: '20260115' }, '2026-01-15'],
    ['a month', { StudyDate: '202601', StudyTime: '103000' }, '2026-01'],
    ['a year', { StudyDate: '2026' }, '2026'],
  ])('%s', (_, attributes, expected) => {
    expect(imagingStudy(attributes)['started']).toBe(expected)
  })

  test('what makes no date is left out, with a warning', () => {
    const { imagingStudy: made, warnings } = map(
      study(dataset({ StudyDate: '20261301', StudyTime: '103000' })),
    )
    expect(made['started']).toBeUndefined()
    expect(warnings).toEqual(['date-not-readable'])
  })

  test('a bad time leaves the date, a bad offset leaves the zone', () => {
    expect(imagingStudy({ StudyDate: '20260115', StudyTime: '25' })['started']).toBe('2026-01-15')
    expect(
      imagingStudy({ StudyDate: '20260115', StudyTime: '10', TimezoneOffsetFromUTC: 'CET' })['started'],
    ).toBe('2026-01-15T10:00:00+01:00')
  })
})

describe('accession numbers', () => {
  const ACSN = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }] }

  test.each([
    [
      'an OID',
      dataset({ UniversalEntityID: '1.2.250.1.9', UniversalEntityIDType: 'ISO' }),
      { system: 'urn:oid:1.2.250.1.9' },
    ],
    [
      'a configured namespace',
      dataset({ LocalNamespaceEntityID: 'CHU_A' }),
      { system: 'https://chu-a.example/patients', assigner: { display: 'CHU_A' } },
    ],
    [
      'another namespace',
      dataset({ LocalNamespaceEntityID: 'RIS 2' }),
      { system: 'urn:passerelle:ns:RIS%202', assigner: { display: 'RIS 2' } },
    ],
  ])('%s as issuer', (_, issuer, expected) => {
    const made = imagingStudy({ AccessionNumber: ' ACC-1 ', IssuerOfAccessionNumberSequence: [issuer] })
    const identifier = { type: ACSN, value: 'ACC-1', ...expected }
    expect(made['identifier']).toContainEqual(identifier)
    expect(made['basedOn']).toEqual([{ type: 'ServiceRequest', identifier }])
  })

  test('without an issuer it belongs to the channel', () => {
    const made = imagingStudy({ AccessionNumber: 'ACC-1' })
    expect(made['identifier']).toContainEqual({
      type: ACSN,
      system: 'urn:passerelle:channel:imaging:accession',
      value: 'ACC-1',
    })
  })

  test('an empty one is none; those of the requests of the series stand in', () => {
    const request = dataset({ AccessionNumber: 'ACC-9' })
    const series = [1, 2].map((number) => ({
      seriesUid: `${UID}.${number}`,
      attributes: dataset({ Modality: 'CT', RequestAttributesSequence: [request] }),
      instances: [instance(number)],
    }))
    const made = map(study({}, { series })).imagingStudy
    expect(made['basedOn']).toMatchObject([{ identifier: { value: 'ACC-9' } }])
    expect(imagingStudy({})['basedOn']).toBeUndefined()
  })
})

describe('codes', () => {
  function code(designator: string, value: string, more: Partial<Record<TagName, string>> = {}) {
    const item = dataset({ CodeValue: value, CodingSchemeDesignator: designator, CodeMeaning: 'Meaning' })
    return imagingStudy({ ProcedureCodeSequence: [{ ...item, ...dataset(more) }] })['procedureCode']
  }

  test.each([
    ['SCT', '169069000', 'http://snomed.info/sct'],
    ['LN', '24627-2', 'http://loinc.org'],
    ['DCM', '113014', 'http://dicom.nema.org/resources/ontology/DCM'],
    ['99LOCAL', 'X1', 'https://chu-a.example/codes'],
    ['99OTHER', 'X1', 'urn:passerelle:ns:99OTHER'],
  ])('%s', (designator, value, system) => {
    expect(code(designator, value)).toEqual([{ coding: [{ system, code: value, display: 'Meaning' }] }])
  })

  test('a private scheme may bring its own UID', () => {
    expect(code('99OTHER', 'X1', { CodingSchemeUID: '1.2.3.4' })).toMatchObject([
      { coding: [{ system: 'urn:oid:1.2.3.4' }] },
    ])
  })

  test('reasons are codes, else text, each once', () => {
    const made = imagingStudy({ ReasonForTheRequestedProcedure: 'Chute' })
    expect(made['reasonCode']).toEqual([{ text: 'Chute' }])
  })
})

describe('people and machines', () => {
  test('physicians are named, and identified where the dataset does', () => {
    const identified = dataset({
      PersonIdentificationCodeSequence: [
        dataset({ CodeValue: '10003456789', CodingSchemeDesignator: 'RPPS' }),
      ],
    })
    const made = imagingStudy({
      ReferringPhysicianName: 'Martin^Claire^^Dr',
      ReferringPhysicianIdentificationSequence: [identified],
      NameOfPhysiciansReadingStudy: [{ Alphabetic: 'Petit^Luc' }, { Alphabetic: 'Roux^Anne' }],
    })
    expect(made['referrer']).toEqual({
      type: 'Practitioner',
      identifier: { system: 'urn:passerelle:ns:RPPS', value: '10003456789' },
      display: 'Dr Claire Martin',
    })
    expect(made['interpreter']).toMatchObject([{ display: 'Luc Petit' }, { display: 'Anne Roux' }])
  })

  test('a series names who performed it, who operated, and the machine', () => {
    const attributes = dataset({
      Modality: 'CT',
      PerformingPhysicianName: 'Petit^Luc',
      OperatorsName: 'Roux^Anne',
      Manufacturer: 'ACME',
      ManufacturerModelName: 'Scan 9',
      StationName: 'CT1',
      DeviceSerialNumber: 'SN-7',
    })
    const series = [{ seriesUid: `${UID}.1`, attributes, instances: [instance(1)] }]
    expect(map(study({}, { series })).imagingStudy['series']).toMatchObject([
      {
        performer: [
          { function: { coding: [{ code: 'PRF' }] }, actor: { display: 'Luc Petit' } },
          { function: { coding: [{ code: 'SPRF' }] }, actor: { display: 'Anne Roux' } },
          {
            actor: {
              type: 'Device',
              identifier: { system: 'urn:passerelle:serial:ACME', value: 'SN-7' },
              display: 'ACME Scan 9 (CT1)',
            },
          },
        ],
      },
    ])
  })
})

describe('body site and side', () => {
  function series(attributes: Values): JsonObject {
    const one = {
      seriesUid: `${UID}.1`,
      attributes: dataset({ Modality: 'DX', ...attributes }),
      instances: [instance(1)],
    }
    return (map(study({}, { series: [one] })).imagingStudy['series'] as JsonObject[])[0]!
  }
  const region = dataset({ CodeValue: 'T-D3000', CodingSchemeDesignator: 'SRT', CodeMeaning: 'Chest' })

  test('the region sequence counts more than the term; retired codes become SNOMED CT', () => {
    expect(series({ AnatomicRegionSequence: [region], BodyPartExamined: 'HEAD' })['bodySite']).toEqual({
      system: 'http://snomed.info/sct',
      code: '816094009',
      display: 'Chest',
    })
  })

  test.each([
    ['KNEE', '72696002'],
    ['CHEST', '816094009'],
    ['c-spine', '122494005'],
    ['GENOU', '72696002'],
    ['Becken', '816092008'],
  ])('%s', (term, code) => {
    expect(series({ BodyPartExamined: term })['bodySite']).toMatchObject({
      system: 'http://snomed.info/sct',
      code,
    })
  })

  test('a term that nobody knows is kept as text', () => {
    expect(series({ BodyPartExamined: 'LEFT LITTLE TOE' })['bodySite']).toEqual({
      display: 'LEFT LITTLE TOE',
    })
  })

  test.each([
    ['L', '7771000'],
    ['R', '24028007'],
    ['B', '51440002'],
  ])('laterality %s', (side, code) => {
    expect(series({ Laterality: side })['laterality']).toMatchObject({ code })
  })

  test('the side of an image serves where the series has none; U is no side', () => {
    expect(series({ ImageLaterality: 'R' })['laterality']).toMatchObject({ code: '24028007' })
    expect(series({ Laterality: 'U' })['laterality']).toBeUndefined()
  })

  test('every synonym leads to a term of the table', () => {
    for (const term of ['TETE', 'LEG', 'ARM', 'SACRUM', 'CARDIAC', 'HUEFTE', 'TORAX'])
      expect(bodyPartOf(term)).toBeDefined()
    expect(BODY_PARTS.size).toBeGreaterThan(300)
  })
})

describe('instances', () => {
  test('title: content label, concept name, document title, image type', () => {
    const concept = [dataset({ CodeMeaning: 'Radiology Report' })]
    expect(instanceTitle(dataset({ ImageType: ['ORIGINAL', 'PRIMARY'] }))).toBe('ORIGINAL\\PRIMARY')
    expect(instanceTitle(dataset({ DocumentTitle: 'Lettre', ImageType: 'DERIVED' }))).toBe('Lettre')
    expect(instanceTitle(dataset({ ConceptNameCodeSequence: concept, DocumentTitle: 'Lettre' }))).toBe(
      'Radiology Report',
    )
    expect(instanceTitle(dataset({ ContentLabel: 'SEG', ConceptNameCodeSequence: concept }))).toBe('SEG')
    expect(instanceTitle({})).toBeUndefined()
  })

  test('a number is an unsigned integer or nothing', () => {
    expect(
      ['7', '-1', '1A', ''].map((number) => instanceNumber(dataset({ InstanceNumber: number }))),
    ).toEqual([7, undefined, undefined, undefined])
  })
})

describe('rejection notes', () => {
  function note(rejected: readonly string[], title = '113001'): InstanceRecord {
    const references = rejected.map((uid) => dataset({ ReferencedSOPInstanceUID: uid }))
    const evidence = dataset({ ReferencedSeriesSequence: [dataset({ ReferencedSOPSequence: references })] })
    const header = dataset({
      ConceptNameCodeSequence: [dataset({ CodeValue: title, CodingSchemeDesignator: 'DCM' })],
      CurrentRequestedProcedureEvidenceSequence: [evidence],
    })
    return instance(99, { sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59', header })
  }
  function withNote(rejection: InstanceRecord): JsonObject {
    const images = {
      seriesUid: `${UID}.1`,
      attributes: dataset({ Modality: 'CT' }),
      instances: [instance(1), instance(2)],
    }
    const notes = { seriesUid: `${UID}.2`, attributes: dataset({ Modality: 'KO' }), instances: [rejection] }
    return map(study({}, { series: [images, notes] })).imagingStudy
  }

  test('objects that it names are not offered any more', () => {
    expect(withNote(note([`${UID}.9.2`]))).toMatchObject({
      status: 'available',
      numberOfSeries: 1,
      numberOfInstances: 1,
    })
  })

  test('a study of which nothing is left was entered in error', () => {
    expect(withNote(note([`${UID}.9.1`, `${UID}.9.2`]))).toMatchObject({
      status: 'entered-in-error',
      numberOfInstances: 0,
    })
  })

  test('other key objects take nothing away', () => {
    expect(withNote(note([`${UID}.9.2`], '113000'))).toMatchObject({
      status: 'available',
      numberOfInstances: 3,
    })
  })
})

describe('the patient', () => {
  test('has name, sex and birth date, and what issued the id', () => {
    const { patient } = map(
      study(
        dataset({
          PatientName: 'Müller^Jörg^Karl^Dr.^Jr.',
          IssuerOfPatientID: 'CHU_A',
          PatientBirthDate: '1960.05.17',
          PatientSex: 'M',
        }),
      ),
    )
    expect(patient).toMatchObject({
      identifier: [
        { system: 'https://chu-a.example/patients', value: '4711', assigner: { display: 'CHU_A' } },
      ],
      name: [{ family: 'Müller', given: ['Jörg', 'Karl'], prefix: ['Dr.'], suffix: ['Jr.'] }],
      gender: 'male',
      birthDate: '1960-05-17',
    })
  })

  test('each representation of the name is a name that says which it is', () => {
    const name = { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' }
    const { patient } = map(study(dataset({ PatientName: [name] })))
    const codes = (patient['name'] as JsonObject[]).map(
      ({ extension }) => (extension as JsonObject[])[0]!['valueCode'],
    )
    expect(codes).toEqual(['ABC', 'IDE', 'SYL'])
    expect(patient['name']).toMatchObject([
      { family: 'Yamada' },
      { family: '山田' },
      { family: 'やまだ', given: ['たろう'] },
    ])
  })

  test.each([
    ['F', 'female'],
    ['O', 'other'],
    ['', 'unknown'],
    ['X', 'unknown'],
  ])('sex %s is %s', (sex, gender) => {
    expect(map(study(dataset({ PatientSex: sex }))).patient['gender']).toBe(gender)
  })

  test('an empty name is none', () => {
    expect(map(study(dataset({ PatientName: '^^^^' }))).patient['name']).toBeUndefined()
  })

  test.each([
    ['a local name', { IssuerOfPatientID: 'RIS' }, 'urn:passerelle:ns:RIS'],
    ['an OID', { IssuerOfPatientID: '1.2.250.1.213.1.4.8' }, 'urn:oid:1.2.250.1.213.1.4.8'],
    ['both, as HL7 writes them', { IssuerOfPatientID: 'RIS&1.2.250.9&ISO' }, 'urn:oid:1.2.250.9'],
    ['nobody', {}, 'urn:passerelle:channel:imaging:patient'],
  ])('issued by %s', (_, issuer, system) => {
    expect(patientIdentity(dataset({ PatientID: '4711', ...issuer }), UID, CONTEXT).system).toBe(system)
  })

  test('the issuer qualifiers count more than the local name', () => {
    const qualifiers = [dataset({ UniversalEntityID: '1.2.250.7', UniversalEntityIDType: 'ISO' })]
    const attributes = dataset({
      PatientID: '4711',
      IssuerOfPatientID: 'RIS',
      IssuerOfPatientIDQualifiersSequence: qualifiers,
    })
    expect(patientIdentity(attributes, UID, CONTEXT)).toMatchObject({
      system: 'urn:oid:1.2.250.7',
      value: '4711',
    })
  })

  test('other ids with an issuer are identifiers too; without one they say nothing', () => {
    const others = [
      dataset({ PatientID: 'INS-1', IssuerOfPatientID: '1.2.250.1.213.1.4.8' }),
      dataset({ PatientID: '0815' }),
    ]
    const { patient } = map(study(dataset({ OtherPatientIDsSequence: others })))
    expect((patient['identifier'] as JsonObject[]).map(({ value }) => value)).toEqual(['4711', 'INS-1'])
  })

  test('without an id the study has a patient of its own, marked as temporary', () => {
    const attributes = dataset({ PatientID: '', PatientName: 'Doe^Jane' })
    const { patient } = map(study(attributes))
    expect(patient['identifier']).toEqual([
      { use: 'temp', system: 'urn:passerelle:unmatched-study', value: UID },
    ])
    expect(patientIdentity(attributes, '1.2.3', CONTEXT).id).not.toBe(patient['id'])
  })
})

test('where objects disagree about the patient a task asks people', () => {
  const { task, imagingStudy: made } = map(study({}, { conflicts: 1 }))
  expect(task).toMatchObject({
    status: 'requested',
    focus: { reference: `ImagingStudy/${String(made['id'])}` },
  })
  expect(map(study({})).task).toBeUndefined()
})

test('an endpoint is named where the site has one', () => {
  const made = map(study({}), { ...CONTEXT, endpoint: 'Endpoint/dicomweb' }).imagingStudy
  expect(made['endpoint']).toEqual([{ reference: 'Endpoint/dicomweb' }])
})

test('the next version keeps what others added, its subject, and takes the rest from the objects', () => {
  const first = map(study({})).imagingStudy
  const curated: JsonObject = {
    ...first,
    subject: { reference: 'Patient/merged' },
    note: [{ text: 'seen' }],
    identifier: [...(first['identifier'] as JsonObject[]), { system: 'urn:x', value: '1' }],
    description: 'typed by hand',
  }
  const second = map(study(dataset({ StudyDescription: 'CT' }))).imagingStudy
  const merged = mergeImagingStudy(curated, second)
  expect(merged).toMatchObject({
    subject: { reference: 'Patient/merged' },
    note: [{ text: 'seen' }],
    description: 'CT',
  })
  expect(merged['identifier']).toHaveLength(2)
  expect(mergeImagingStudy(undefined, second)).toBe(second)
})
