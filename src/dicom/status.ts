/** Status words of DIMSE responses. PS3.7 Annex C and PS3.4 §B.2.3 (storage) */

export const Status = {
  success: 0x0000,
  /** Some elements of what was sent are not what is kept. */
  elementsDiscarded: 0xb006,
  duplicateSopInstance: 0x0111,
  sopClassNotSupported: 0x0122,
  notAuthorized: 0x0124,
  unrecognizedOperation: 0x0211,
  processingFailure: 0x0110,
  outOfResources: 0xa700,
  dataSetDoesNotMatchSopClass: 0xa900,
  cannotUnderstand: 0xc000,
} as const

export type Status = (typeof Status)[keyof typeof Status]

/** Warnings (0001, 0107, 0116, Bxxx) and success: the receiver has taken the object. PS3.7 §C.1 */
export function isTaken(status: number): boolean {
  return status === 0 || status === 0x0001 || status === 0x0107 || status === 0x0116 || status >> 12 === 0xb
}
