/** From one standard into another: HL7 v2 messages and DICOM studies become FHIR resources. Values in, values out. */
export {
  compileMapping,
  EMPTY_DICTIONARY,
  explainMapped,
  makeDictionary,
  type Dictionary,
  mapMessage,
  mergeMapped,
  printExplained,
  readMappingFiles,
  structureOf,
  toTransactionBundle,
  type Mapped,
  type MappedResource,
  type MergeOptions,
  type Program,
} from './v2/index.ts'
export {
  imagingStudyId,
  instanceNumber,
  instanceTitle,
  mapStudy,
  mergeImagingStudy,
  patientIdentity,
  seriesAttributes,
  studyAttributes,
  type DicomMappingContext,
  type MappedStudy,
} from './dicom/index.ts'
export { identifiersOf, withKnownIds } from './known.ts'
export {
  type Namespaces,
  personIdentifiersOf,
  pidOf,
  type PatientOptions,
  type Placed,
  systemOf,
} from './to-v2/index.ts'
