/**
 * Rejection notes: key objects that say that others are not to be used (IHE RAD TF-2 §4.66). Their titles are
 * 113001 quality, 113037 patient safety, 113038 wrong worklist entry, 113039 retention expired.
 */
import { type Dataset, itemsOf, KEY_OBJECT_SELECTION_STORAGE, textOf } from '../../dicom/index.ts'
import type { InstanceRecord } from './study-record.ts'

const REJECTION_TITLES = new Set(['113001', '113037', '113038', '113039'])

export function isRejectionNote(instance: InstanceRecord): boolean {
  if (instance.sopClassUid !== KEY_OBJECT_SELECTION_STORAGE) return false
  const [title] = itemsOf(instance.header, 'ConceptNameCodeSequence')
  return (
    textOf(title, 'CodingSchemeDesignator') === 'DCM' &&
    REJECTION_TITLES.has(textOf(title, 'CodeValue') ?? '')
  )
}

/** SOP Instance UIDs that a rejection note names, in the study's evidence sequence. PS3.3 §C.17.6.1 */
export function rejectedBy(note: Dataset | undefined): string[] {
  return itemsOf(note, 'CurrentRequestedProcedureEvidenceSequence')
    .flatMap((study) => itemsOf(study, 'ReferencedSeriesSequence'))
    .flatMap((series) => itemsOf(series, 'ReferencedSOPSequence'))
    .flatMap((reference) => textOf(reference, 'ReferencedSOPInstanceUID') ?? [])
}
