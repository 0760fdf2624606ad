/**
 * CT images of nobody: a phantom of ellipses in Hounsfield units, for demonstrations, tests and benchmarks. Written by
 * dcmjs as Part 10 files, explicit VR little endian.
 */
import { data } from 'dcmjs'

import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './part10.ts'
import { CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN } from './uid.ts'

export interface SyntheticCt {
  readonly studyUid: string
  readonly seriesUid: string
  readonly sopInstanceUid: string
  readonly instanceNumber: number
  /** Rows and columns; 512 makes half a megabyte. */
  readonly size: number
  /** More attributes by their names, in place of the defaults: PatientName, PatientID, AccessionNumber … */
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** The bytes of a file. */
export function syntheticCt(image: SyntheticCt): Buffer {
  const { DicomDict, DicomMetaDictionary } = data
  const meta = DicomMetaDictionary.denaturalizeDataset({
    _vrMap: { FileMetaInformationVersion: 'OB' },
    FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
    MediaStorageSOPClassUID: CT_IMAGE_STORAGE,
    MediaStorageSOPInstanceUID: image.sopInstanceUid,
    TransferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN,
    ImplementationClassUID: IMPLEMENTATION_CLASS_UID,
    ImplementationVersionName: IMPLEMENTATION_VERSION_NAME,
  })
  const file = new DicomDict(meta)
  file.dict = DicomMetaDictionary.denaturalizeDataset({
    _vrMap: { PixelData: 'OW' },
    ...defaults(image),
    ...image.attributes,
    PixelData: [pixels(image).buffer],
  })
  return Buffer.from(file.write())
}

function defaults({
  studyUid,
  seriesUid,
  sopInstanceUid,
  instanceNumber,
  size,
}: SyntheticCt): Record<string, unknown> {
  return {
    SpecificCharacterSet: 'ISO_IR 192',
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    SOPClassUID: CT_IMAGE_STORAGE,
    SOPInstanceUID: sopInstanceUid,
    StudyDate: '20260302',
    SeriesDate: '20260302',
    StudyTime: '093000',
    SeriesTime: '093210',
    AccessionNumber: '',
    Modality: 'CT',
    Manufacturer: 'Passerelle',
    ReferringPhysicianName: '',
    StudyDescription: 'CT of a phantom',
    SeriesDescription: 'Axial 3 mm',
    ManufacturerModelName: 'Synthetic CT',
    PatientName: 'Phantom^Ellipse',
    PatientID: 'PHANTOM-1',
    PatientBirthDate: '19800101',
    PatientSex: 'O',
    BodyPartExamined: 'PHANTOM',
    SliceThickness: '3',
    KVP: '120',
    StudyInstanceUID: studyUid,
    SeriesInstanceUID: seriesUid,
    StudyID: '1',
    SeriesNumber: '1',
    InstanceNumber: String(instanceNumber),
    ImagePositionPatient: ['-200', '-200', String(instanceNumber * 3)],
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    FrameOfReferenceUID: `${studyUid}.1`,
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: size,
    Columns: size,
    PixelSpacing: ['0.8', '0.8'],
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 1,
    WindowCenter: '40',
    WindowWidth: '400',
    RescaleIntercept: '0',
    RescaleSlope: '1',
  }
}

const AIR = -1000

/** Centre and radii as parts of the image, and the Hounsfield units inside; later ones lie over earlier ones. */
const ELLIPSES = [
  { x: 0.5, y: 0.5, a: 0.42, b: 0.34, units: 40 },
  { x: 0.35, y: 0.45, a: 0.13, b: 0.18, units: -800 },
  { x: 0.65, y: 0.45, a: 0.13, b: 0.18, units: -800 },
  { x: 0.5, y: 0.7, a: 0.06, b: 0.06, units: 700 },
] as const

/** A slice of the phantom: the ellipses swell and shrink along the table. */
function pixels({ size, instanceNumber }: SyntheticCt): Int16Array<ArrayBuffer> {
  const values = new Int16Array(size * size).fill(AIR)
  const swell = 1 + 0.1 * Math.sin(instanceNumber / 5)
  for (const { x, y, a, b, units } of ELLIPSES) {
    const [width, height] = [a * swell * size, b * swell * size]
    for (
      let row = Math.max(0, Math.ceil(y * size - height));
      row < Math.min(size, y * size + height);
      row += 1
    ) {
      const half = width * Math.sqrt(1 - ((row - y * size) / height) ** 2)
      const [from, to] = [Math.max(0, Math.ceil(x * size - half)), Math.min(size, Math.ceil(x * size + half))]
      values.fill(units, row * size + from, row * size + Math.max(from, to))
    }
  }
  return values
}
