/** Which attributes describe the study, which the series: what the index keeps of each. PS3.3 §7.2, PS3.18 table 10.6.3-3 */
import { type Dataset, pick, type TagName } from '../../dicom/index.ts'

const STUDY: readonly TagName[] = [
  'SpecificCharacterSet',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'IssuerOfAccessionNumberSequence',
  'ReferringPhysicianName',
  'ReferringPhysicianIdentificationSequence',
  'CodingSchemeIdentificationSequence',
  'TimezoneOffsetFromUTC',
  'InstitutionName',
  'StudyDescription',
  'ProcedureCodeSequence',
  'NameOfPhysiciansReadingStudy',
  'PhysiciansReadingStudyIdentificationSequence',
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'IssuerOfPatientIDQualifiersSequence',
  'PatientBirthDate',
  'PatientSex',
  'OtherPatientIDsSequence',
  'StudyInstanceUID',
  'StudyID',
  'ReasonForTheRequestedProcedure',
  'ReasonForRequestedProcedureCodeSequence',
]

const SERIES: readonly TagName[] = [
  'SeriesDate',
  'SeriesTime',
  'Modality',
  'Manufacturer',
  'TimezoneOffsetFromUTC',
  'CodingSchemeIdentificationSequence',
  'StationName',
  'SeriesDescription',
  'PerformingPhysicianName',
  'PerformingPhysicianIdentificationSequence',
  'OperatorsName',
  'OperatorIdentificationSequence',
  'ManufacturerModelName',
  'AnatomicRegionSequence',
  'BodyPartExamined',
  'DeviceSerialNumber',
  'SeriesInstanceUID',
  'SeriesNumber',
  'Laterality',
  'ImageLaterality',
  'RequestAttributesSequence',
]

export function studyAttributes(dataset: Dataset): Dataset {
  return pick(dataset, STUDY)
}

export function seriesAttributes(dataset: Dataset): Dataset {
  return pick(dataset, SERIES)
}
