/** Unique identifiers of DICOM: their grammar (PS3.5 §9) and the registered ones that decide something here (PS3.6 Annex A). */

/**
 * True for what can be kept as a UID: at most 64 digits and dots. PS3.5 §9.1 also forbids components with leading
 * zeros, but scanners send them, and whoever sent one will ask for it again by that name.
 */
export function isUid(value: string): boolean {
  return /^[0-9][0-9.]{0,63}$/.test(value)
}

/** PS3.7 Annex A.2.1: the one application context there is. */
export const DICOM_APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1'

export const VERIFICATION = '1.2.840.10008.1.1'

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2'
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99'
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2'

export const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'
export const KEY_OBJECT_SELECTION_STORAGE = '1.2.840.10008.5.1.4.1.1.88.59'

/** How the bytes of a dataset are to be read. */
export interface Encoding {
  readonly explicit: boolean
  readonly bigEndian: boolean
  readonly deflated: boolean
}

const EXPLICIT: Encoding = { explicit: true, bigEndian: false, deflated: false }
const DEFLATED: Encoding = { ...EXPLICIT, deflated: true }

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  [IMPLICIT_VR_LITTLE_ENDIAN, { ...EXPLICIT, explicit: false }],
  [EXPLICIT_VR_BIG_ENDIAN, { ...EXPLICIT, bigEndian: true }],
  [DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, DEFLATED],
  ['1.2.840.10008.1.2.4.95', DEFLATED], // JPIP Referenced Deflate
  ['1.2.840.10008.1.2.4.205', DEFLATED], // JPIP HTJ2K Referenced Deflate
  ['1.2.840.113619.5.2', { ...EXPLICIT, explicit: false }], // GE private: only its pixels are big endian
])

/** Every other transfer syntax, known or not, has an explicit VR little endian dataset around its pixels (PS3.5 §A.4). */
export function encodingOf(transferSyntax: string): Encoding {
  return ENCODINGS.get(transferSyntax) ?? EXPLICIT
}

const DICOM_ROOT = '1.2.840.10008.'

/** Registered storage classes outside of the storage branch 5.1.4.1.1 (PS3.4 Annex B.5 and GG.3). */
const OTHER_STORAGE = new Set([
  '1.2.840.10008.5.1.4.34.7', // RT Beams Delivery Instruction
  '1.2.840.10008.5.1.4.34.10', // RT Brachy Application Setup Delivery Instruction
  '1.2.840.10008.5.1.4.38.1', // Hanging Protocol
  '1.2.840.10008.5.1.4.39.1', // Color Palette
  '1.2.840.10008.5.1.4.43.1', // Generic Implant Template
  '1.2.840.10008.5.1.4.44.1', // Implant Assembly Template
  '1.2.840.10008.5.1.4.45.1', // Implant Template Group
  '1.2.840.10008.5.1.1.27', // Stored Print (retired)
  '1.2.840.10008.5.1.1.29', // Hardcopy Grayscale Image (retired)
  '1.2.840.10008.5.1.1.30', // Hardcopy Color Image (retired)
  '1.2.840.10008.1.3.10', // Media Storage Directory
])

/** True for every class whose objects can be stored: the standard's, also those to come, and all private ones. */
export function isStorageClass(uid: string): boolean {
  if (!uid.startsWith(DICOM_ROOT)) return isUid(uid)
  return uid.startsWith('1.2.840.10008.5.1.4.1.1.') || OTHER_STORAGE.has(uid)
}
