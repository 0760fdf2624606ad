/** One stored DICOM object as the index keeps it. */
import type { Dataset } from '../../dicom/index.ts'
import type { Digest } from '../blobs/index.ts'

export interface NewInstance {
  readonly sopInstanceUid: string
  readonly studyUid: string
  readonly seriesUid: string
  readonly sopClassUid: string
  readonly transferSyntax: string
  readonly number: number | undefined
  readonly title: string | undefined
  /** Id of the Patient that the object names. */
  readonly patient: string
  readonly digest: Digest
  /** Bytes of the file. */
  readonly size: number
  /** JSON text (DICOM JSON model) of the whole header, of its patient and study level, of its series level. */
  readonly header: string
  readonly headerComplete: boolean
  readonly studyAttributes: string
  readonly seriesAttributes: string
  readonly channel: string
  readonly callingAeTitle: string
  readonly receivedAtMs: number
}

/** What became of an object that was to be indexed. */
export type Indexed =
  /** `studyPatient`: whose study it went into; another one than its own is a conflict for people to settle. */
  | { readonly did: 'stored'; readonly studyPatient: string }
  /** `leftStudy`: in which it was before. */
  | { readonly did: 'replaced'; readonly studyPatient: string; readonly leftStudy: string }
  /** The same content is there already. */
  | { readonly did: 'same' }
  /** Another content is there under this SOP Instance UID. */
  | { readonly did: 'differs'; readonly digest: Digest }

/** What the ImagingStudy of a study is made from. */
export interface StudyContent {
  readonly studyUid: string
  readonly channel: string
  readonly patient: string
  readonly attributes: Dataset
  readonly conflicts: number
  readonly revision: number
  readonly series: readonly SeriesContent[]
}

export interface SeriesContent {
  readonly seriesUid: string
  readonly attributes: Dataset
  readonly instances: readonly InstanceContent[]
}

export interface InstanceContent {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly number: number | undefined
  readonly title: string | undefined
  /** Only of the classes that were asked for. */
  readonly header: Dataset | undefined
}
