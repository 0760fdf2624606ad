/**
 * A study → ImagingStudy. FHIR R4 imagingstudy.html with its DICOM mapping (IHE RAD TF-2 table 4.14-1; where that page
 * prints wrong tags the ones of PS3.6 are used).
 */
import { type Dataset, itemsOf, textOf } from '../../dicom/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { bodyPartOf } from './body-part.ts'
import { codingsOf, DCM, SNOMED_CT } from './coding.ts'
import type { DicomMappingContext, Warn } from './context.ts'
import { fhirDateTime } from './dates.ts'
import { eachOnce, identifierOf, issuerOfItem, systemOf } from './identifier.ts'
import { resourceId } from './patient.ts'
import { equipment, practitioners } from './people.ts'
import { isRejectionNote, rejectedBy } from './rejection.ts'
import { type InstanceRecord, type SeriesRecord, type StudyRecord, unsignedInt } from './study-record.ts'

export const DICOM_UID = 'urn:dicom:uid'

export function imagingStudyId(studyUid: string, context: DicomMappingContext): string {
  return resourceId('ImagingStudy', { system: DICOM_UID, value: studyUid }, context)
}

export function mapImagingStudy(study: StudyRecord, context: DicomMappingContext, warn: Warn): JsonObject {
  const { attributes } = study
  const accessions = accessionsOf(study, context)
  const { series, status } = withoutRejected(study.series)
  const offset = textOf(attributes, 'TimezoneOffsetFromUTC')
  const dates = { date: 'StudyDate', time: 'StudyTime' } as const
  const [referrer] = practitioners(
    attributes,
    'ReferringPhysicianName',
    'ReferringPhysicianIdentificationSequence',
    context,
  )
  const modalities = [...new Set(series.map((one) => modalityOf(one, warn)))].toSorted()
  return present({
    resourceType: 'ImagingStudy',
    id: imagingStudyId(study.studyUid, context),
    identifier: identifiersOf(study, accessions),
    status,
    modality: modalities.map((code) => ({ system: DCM, code })),
    subject: { reference: `Patient/${study.patient}` },
    started: fhirDateTime(attributes, dates, offset, context.timeZone, warn),
    basedOn: accessions.map((identifier) => ({ type: 'ServiceRequest', identifier })),
    referrer,
    interpreter: practitioners(
      attributes,
      'NameOfPhysiciansReadingStudy',
      'PhysiciansReadingStudyIdentificationSequence',
      context,
    ),
    endpoint: context.endpoint === undefined ? undefined : [{ reference: context.endpoint }],
    numberOfSeries: series.length,
    numberOfInstances: series.reduce((sum, { instances }) => sum + instances.length, 0),
    procedureCode: conceptsOf(attributes, context),
    reasonCode: reasonsOf(study, context),
    description: textOf(attributes, 'StudyDescription'),
    series: series.toSorted(inOrder).map((one) => mapSeries(one, study, context, warn)),
  })
}

/** Leaves out what is undefined or an empty list: FHIR has no empty elements. */
function present(resource: Record<string, unknown>): JsonObject {
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  ) as JsonObject
}

/**
 * Objects that a rejection note names, and the notes themselves, aren't offered any more; a study of which nothing else
 * is left was entered in error.
 */
function withoutRejected(series: readonly SeriesRecord[]): { series: SeriesRecord[]; status: string } {
  const all = series.flatMap(({ instances }) => instances)
  const notes = all.filter(isRejectionNote)
  if (notes.length === 0)
    return { series: [...series], status: all.length === 0 ? 'entered-in-error' : 'available' }
  const rejected = new Set(notes.flatMap(({ header }) => rejectedBy(header)))
  const left = series
    .map((one) => ({
      ...one,
      instances: one.instances.filter(
        (instance) => !rejected.has(instance.sopInstanceUid) && !isRejectionNote(instance),
      ),
    }))
    .filter(({ instances }) => instances.length > 0)
  return { series: left, status: left.length === 0 ? 'entered-in-error' : 'available' }
}

function identifiersOf(study: StudyRecord, accessions: readonly JsonObject[]): JsonObject[] {
  const studyId = textOf(study.attributes, 'StudyID')
  return [
    { system: DICOM_UID, value: `urn:oid:${study.studyUid}` },
    ...accessions,
    ...(studyId === undefined ? [] : [{ type: { text: 'Study ID' }, value: studyId }]),
  ]
}

const ACCESSION_TYPE = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }] }

/** The study's accession number; where it has none, those of the requests that its series name (0040,0275). */
function accessionsOf({ attributes, series }: StudyRecord, context: DicomMappingContext): JsonObject[] {
  const own = accessionOf(attributes, context)
  if (own !== undefined) return [own]
  const requested = requestsOf(series)
    .map((request) => accessionOf(request, context))
    .filter((accession) => accession !== undefined)
  return eachOnce(requested)
}

function accessionOf(dataset: Dataset, context: DicomMappingContext): JsonObject | undefined {
  const value = textOf(dataset, 'AccessionNumber')
  if (value === undefined) return undefined
  const issuer = issuerOfItem(itemsOf(dataset, 'IssuerOfAccessionNumberSequence')[0])
  const system =
    systemOf(issuer, context) ??
    context.accessionSystem ??
    `urn:passerelle:channel:${context.channel}:accession`
  return { type: ACCESSION_TYPE, ...identifierOf({ system, value }, issuer) }
}

function requestsOf(series: readonly SeriesRecord[]): Dataset[] {
  return series.flatMap(({ attributes }) => itemsOf(attributes, 'RequestAttributesSequence'))
}

function conceptsOf(attributes: Dataset, context: DicomMappingContext): JsonObject[] {
  const schemes = itemsOf(attributes, 'CodingSchemeIdentificationSequence')
  return codingsOf(attributes, 'ProcedureCodeSequence', schemes, context).map(conceptOf)
}

function conceptOf(coding: JsonObject): JsonObject {
  return coding['code'] === undefined ? { text: coding['display'] ?? '' } : { coding: [coding] }
}

/** Of the study and of the requests of its series, each once. */
function reasonsOf({ attributes, series }: StudyRecord, context: DicomMappingContext): JsonObject[] {
  const schemes = itemsOf(attributes, 'CodingSchemeIdentificationSequence')
  const concepts = [attributes, ...requestsOf(series)].flatMap((dataset) => {
    const text = textOf(dataset, 'ReasonForTheRequestedProcedure')
    const coded = codingsOf(dataset, 'ReasonForRequestedProcedureCodeSequence', schemes, context).map(
      conceptOf,
    )
    if (coded.length > 0) return coded
    return text === undefined ? [] : [{ text }]
  })
  return [...new Map(concepts.map((concept) => [JSON.stringify(concept), concept])).values()]
}

/** Type 1 in every image, but not everything that is sent is an image. */
function modalityOf({ attributes }: SeriesRecord, warn: Warn): string {
  const code = textOf(attributes, 'Modality')
  if (code === undefined) warn('modality-missing')
  return code ?? 'OT'
}

function mapSeries(
  series: SeriesRecord,
  study: StudyRecord,
  context: DicomMappingContext,
  warn: Warn,
): JsonObject {
  const { attributes, instances } = series
  const offset =
    textOf(attributes, 'TimezoneOffsetFromUTC') ?? textOf(study.attributes, 'TimezoneOffsetFromUTC')
  const dates = { date: 'SeriesDate', time: 'SeriesTime' } as const
  return present({
    uid: series.seriesUid,
    number: seriesNumber(series),
    modality: { system: DCM, code: modalityOf(series, warn) },
    description: textOf(attributes, 'SeriesDescription'),
    numberOfInstances: instances.length,
    bodySite: bodySiteOf(attributes, context),
    laterality: lateralityOf(attributes),
    started: fhirDateTime(attributes, dates, offset, context.timeZone, warn),
    performer: performersOf(attributes, context),
    instance: instances.toSorted(byNumber).map(mapInstance),
  })
}

function bodySiteOf(attributes: Dataset, context: DicomMappingContext): JsonObject | undefined {
  const schemes = itemsOf(attributes, 'CodingSchemeIdentificationSequence')
  const [region] = codingsOf(attributes, 'AnatomicRegionSequence', schemes, context)
  if (region !== undefined) return region
  const term = textOf(attributes, 'BodyPartExamined')
  if (term === undefined) return undefined
  const part = bodyPartOf(term)
  return part === undefined ? { display: term } : { system: SNOMED_CT, ...part }
}

const SIDES: Readonly<Record<string, JsonObject>> = {
  L: { system: SNOMED_CT, code: '7771000', display: 'Left' },
  R: { system: SNOMED_CT, code: '24028007', display: 'Right' },
  B: { system: SNOMED_CT, code: '51440002', display: 'Right and left' },
}

/** U (unpaired) has no code. */
function lateralityOf(attributes: Dataset): JsonObject | undefined {
  const side = textOf(attributes, 'Laterality') ?? textOf(attributes, 'ImageLaterality')
  return side === undefined ? undefined : SIDES[side]
}

/** HL7 ParticipationType: PRF performer, SPRF secondary performer. */
function performersOf(attributes: Dataset, context: DicomMappingContext): JsonObject[] {
  const physicians = practitioners(
    attributes,
    'PerformingPhysicianName',
    'PerformingPhysicianIdentificationSequence',
    context,
  )
  const operators = practitioners(attributes, 'OperatorsName', 'OperatorIdentificationSequence', context)
  const device = equipment(attributes)
  return [
    ...physicians.map((actor) => ({ function: participation('PRF'), actor })),
    ...operators.map((actor) => ({ function: participation('SPRF'), actor })),
    ...(device === undefined ? [] : [{ actor: device }]),
  ]
}

function participation(code: string): JsonObject {
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code }] }
}

function mapInstance({ sopInstanceUid, sopClassUid, number, title }: InstanceRecord): JsonObject {
  return present({
    uid: sopInstanceUid,
    sopClass: { system: 'urn:ietf:rfc:3986', code: `urn:oid:${sopClassUid}` },
    number,
    title,
  })
}

function inOrder(a: SeriesRecord, b: SeriesRecord): number {
  return compare(seriesNumber(a), seriesNumber(b)) || compareText(a.seriesUid, b.seriesUid)
}

function seriesNumber({ attributes }: SeriesRecord): number | undefined {
  return unsignedInt(textOf(attributes, 'SeriesNumber'))
}

function byNumber(a: InstanceRecord, b: InstanceRecord): number {
  return compare(a.number, b.number) || compareText(a.sopInstanceUid, b.sopInstanceUid)
}

/** Without a number: last. */
function compare(a = Number.MAX_SAFE_INTEGER, b = Number.MAX_SAFE_INTEGER): number {
  return a - b
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
