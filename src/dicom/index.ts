/** DICOM: encodings, character sets, values, the JSON model, PDUs and commands. Pure: bytes and values in, values out. */
export { type CommandSet, CommandField, decodeCommand, encodeCommand, NO_DATASET } from './command.ts'
export {
  type Dataset,
  type ElementValue,
  itemsOf,
  namesOf,
  type PersonName,
  pick,
  textOf,
  textsOf,
} from './dataset.ts'
export { HEAD_SIZES, type Header, readHeader } from './header.ts'
export { type AgreedContext, DEFAULT_POLICY, negotiate, type NegotiationPolicy } from './negotiate.ts'
export {
  decodeFileStart,
  encodeFileStart,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
} from './part10.ts'
export {
  AbortReason,
  type AssociateReject,
  type AssociateRequest,
  ContextResult,
  decodePdu,
  encodeFragments,
  encodePdu,
  makePduFramer,
  type Pdu,
  PduType,
  type PresentationDataValue,
  type ProposedContext,
} from './pdu/index.ts'
export type { IncomingInstance, InstanceSink, InstanceWriter, Sender, StoreResult } from './sink.ts'
export { isTaken, Status } from './status.ts'
export { syntheticCt } from './synthetic.ts'
export { Tag, type TagName } from './tag.ts'
export {
  CT_IMAGE_STORAGE,
  DICOM_APPLICATION_CONTEXT,
  EXPLICIT_VR_LITTLE_ENDIAN,
  isStorageClass,
  isUid,
  KEY_OBJECT_SELECTION_STORAGE,
  VERIFICATION,
} from './uid.ts'
export {
  parseDate,
  parseInteger,
  parseNameGroup,
  parseOffset,
  parseTime,
  type PartialDate,
  type TimeOfDay,
} from './values.ts'
