/** Attribute tags as the DICOM JSON model writes them: group and element, eight upper-case hex digits. PS3.6 §6. */

export const Tag = {
  SpecificCharacterSet: '00080005',
  ImageType: '00080008',
  SOPClassUID: '00080016',
  SOPInstanceUID: '00080018',
  StudyDate: '00080020',
  SeriesDate: '00080021',
  StudyTime: '00080030',
  SeriesTime: '00080031',
  AccessionNumber: '00080050',
  IssuerOfAccessionNumberSequence: '00080051',
  Modality: '00080060',
  Manufacturer: '00080070',
  ReferringPhysicianName: '00080090',
  ReferringPhysicianIdentificationSequence: '00080096',
  CodeValue: '00080100',
  CodingSchemeDesignator: '00080102',
  CodingSchemeVersion: '00080103',
  CodeMeaning: '00080104',
  CodingSchemeUID: '0008010C',
  CodingSchemeIdentificationSequence: '00080110',
  LongCodeValue: '00080119',
  URNCodeValue: '00080120',
  TimezoneOffsetFromUTC: '00080201',
  StationName: '00081010',
  StudyDescription: '00081030',
  ProcedureCodeSequence: '00081032',
  SeriesDescription: '0008103E',
  PerformingPhysicianName: '00081050',
  PerformingPhysicianIdentificationSequence: '00081052',
  NameOfPhysiciansReadingStudy: '00081060',
  PhysiciansReadingStudyIdentificationSequence: '00081062',
  OperatorsName: '00081070',
  OperatorIdentificationSequence: '00081072',
  ManufacturerModelName: '00081090',
  ReferencedSOPInstanceUID: '00081155',
  ReferencedSOPSequence: '00081199',
  ReferencedSeriesSequence: '00081115',
  AnatomicRegionSequence: '00082218',
  PatientName: '00100010',
  PatientID: '00100020',
  IssuerOfPatientID: '00100021',
  IssuerOfPatientIDQualifiersSequence: '00100024',
  PatientBirthDate: '00100030',
  PatientSex: '00100040',
  OtherPatientIDsSequence: '00101002',
  BodyPartExamined: '00180015',
  DeviceSerialNumber: '00181000',
  StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E',
  StudyID: '00200010',
  SeriesNumber: '00200011',
  InstanceNumber: '00200013',
  Laterality: '00200060',
  ImageLaterality: '00200062',
  InstitutionName: '00080080',
  ReasonForTheRequestedProcedure: '00401002',
  ReasonForRequestedProcedureCodeSequence: '0040100A',
  PersonIdentificationCodeSequence: '00401101',
  LocalNamespaceEntityID: '00400031',
  UniversalEntityID: '00400032',
  UniversalEntityIDType: '00400033',
  RequestAttributesSequence: '00400275',
  ConceptNameCodeSequence: '0040A043',
  CurrentRequestedProcedureEvidenceSequence: '0040A375',
  DocumentTitle: '00420010',
  ContentLabel: '00700080',
  PixelData: '7FE00010',
} as const

export type TagName = keyof typeof Tag

/** (gggg,eeee), for people. */
export function printTag(tag: string): string {
  return `(${tag.slice(0, 4)},${tag.slice(4)})`
}

/** Odd groups are private. PS3.5 §7.8 */
export function isPrivate(tag: string): boolean {
  return (Number.parseInt(tag.slice(3, 4), 16) & 1) === 1
}
