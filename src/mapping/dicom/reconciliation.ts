/** A Task for people where objects of one study name different patients: the study stays where it is until they decide. */
import type { JsonObject } from '../../kernel/json.ts'
import type { DicomMappingContext } from './context.ts'
import { DICOM_UID, imagingStudyId } from './imaging-study.ts'
import { resourceId } from './patient.ts'
import type { StudyRecord } from './study-record.ts'

export function mapReconciliation(study: StudyRecord, context: DicomMappingContext): JsonObject | undefined {
  if (study.conflicts === 0) return undefined
  return {
    resourceType: 'Task',
    id: resourceId('Task', { system: DICOM_UID, value: study.studyUid }, context),
    status: 'requested',
    intent: 'proposal',
    code: { coding: [{ system: 'urn:passerelle:task', code: 'reconcile-patient' }] },
    description: 'Objects of this study name another patient.',
    focus: { reference: `ImagingStudy/${imagingStudyId(study.studyUid, context)}` },
    for: { reference: `Patient/${study.patient}` },
  }
}
