/** DICOM → FHIR R4: a study as the index knows it becomes Patient and ImagingStudy. Pure. */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { DicomMappingContext } from './context.ts'
import { eachOnce } from './identifier.ts'
import { mapImagingStudy } from './imaging-study.ts'
import { mapPatient, patientIdentity } from './patient.ts'
import { mapReconciliation } from './reconciliation.ts'
import type { StudyRecord } from './study-record.ts'

export type { DicomMappingContext } from './context.ts'
export { imagingStudyId } from './imaging-study.ts'
export { seriesAttributes, studyAttributes } from './levels.ts'
export { patientIdentity, type PatientIdentity } from './patient.ts'
export {
  type InstanceRecord,
  instanceNumber,
  instanceTitle,
  type SeriesRecord,
  type StudyRecord,
} from './study-record.ts'

export interface MappedStudy {
  /** To be written only where there is no Patient yet: who they are is not the scanner's to change. */
  readonly patient: JsonObject
  readonly imagingStudy: JsonObject
  /** Where the objects of the study disagree about the patient. */
  readonly task: JsonObject | undefined
  /** Codes of what was left out or doubted. */
  readonly warnings: readonly string[]
}

export function mapStudy(study: StudyRecord, context: DicomMappingContext): MappedStudy {
  const warnings = new Set<string>()
  const warn = (code: string) => void warnings.add(code)
  // The id that the index gave the study when it came counts, also when the channel's settings have changed since.
  const identity = { ...patientIdentity(study.attributes, study.studyUid, context), id: study.patient }
  const meta = { source: `urn:passerelle:${context.channel}#${study.studyUid}` }
  const withMeta = (resource: JsonObject): JsonObject => ({ ...resource, meta })
  const task = mapReconciliation(study, context)
  return {
    patient: withMeta(mapPatient(study.attributes, identity, context, warn)),
    imagingStudy: withMeta(mapImagingStudy(study, context, warn)),
    task: task && withMeta(task),
    warnings: [...warnings],
  }
}

/** What of an ImagingStudy comes from the objects; the rest belongs to whoever wrote it. */
const OWN_ELEMENTS = [
  'status',
  'modality',
  'started',
  'basedOn',
  'referrer',
  'interpreter',
  'endpoint',
  'numberOfSeries',
  'numberOfInstances',
  'procedureCode',
  'reasonCode',
  'description',
  'series',
]

/**
 * The next version of an ImagingStudy: what the objects say, over what others have added (notes, encounter, reason
 * references). Its subject stays: patients are merged and studies moved by people, not by the next image.
 */
export function mergeImagingStudy(current: JsonObject | undefined, mapped: JsonObject): JsonObject {
  if (current === undefined) return mapped
  const kept = Object.fromEntries(Object.entries(current).filter(([name]) => !OWN_ELEMENTS.includes(name)))
  return { ...mapped, ...kept, identifier: mergeIdentifiers(mapped['identifier'], current['identifier']) }
}

/** Lists as JSON has them; what is no list of identifiers is none. */
function mergeIdentifiers(mapped: Json | undefined, current: Json | undefined): JsonObject[] {
  return eachOnce([mapped, current].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : [])))
}
