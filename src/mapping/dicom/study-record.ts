/** What is mapped: a study as the index knows it. */
import { type Dataset, itemsOf, parseInteger, textOf, textsOf } from '../../dicom/index.ts'

export interface StudyRecord {
  readonly studyUid: string
  /** Id of the Patient whom the study was first said to be of. */
  readonly patient: string
  /** Patient and study level. */
  readonly attributes: Dataset
  /** Objects that name another patient. */
  readonly conflicts: number
  readonly series: readonly SeriesRecord[]
}

export interface SeriesRecord {
  readonly seriesUid: string
  readonly attributes: Dataset
  readonly instances: readonly InstanceRecord[]
}

export interface InstanceRecord {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly number: number | undefined
  readonly title: string | undefined
  /** Only of key objects, for what they say about others. */
  readonly header: Dataset | undefined
}

/** Instance Number (0020,0013), unless it is negative or no number. */
export function instanceNumber(dataset: Dataset): number | undefined {
  return unsignedInt(textOf(dataset, 'InstanceNumber'))
}

export function unsignedInt(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseInteger(text)
  return value !== undefined && value >= 0 ? value : undefined
}

/** What an object is called: content label, concept name, document title or image type, in the order of FHIR's mapping. */
export function instanceTitle(dataset: Dataset): string | undefined {
  const [concept] = itemsOf(dataset, 'ConceptNameCodeSequence')
  const title =
    textOf(dataset, 'ContentLabel') ??
    textOf(concept, 'CodeMeaning') ??
    textOf(dataset, 'DocumentTitle') ??
    textsOf(dataset, 'ImageType').join('\\')
  return title === '' ? undefined : title
}
