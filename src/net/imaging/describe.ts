/** From the header of a received object to what is indexed, or to the reason why it can't be kept. PS3.4 §B.2.3 */
import {
  type Header,
  type IncomingInstance,
  isUid,
  Status,
  type StoreResult,
  textOf,
} from '../../dicom/index.ts'
import {
  type DicomMappingContext,
  instanceNumber,
  instanceTitle,
  patientIdentity,
  seriesAttributes,
  studyAttributes,
} from '../../mapping/index.ts'
import type { NewInstance } from '../../store/index.ts'

/** All of an instance but where its bytes are. */
export type DescribedInstance = Omit<NewInstance, 'digest' | 'size'>

/** Larger headers (enhanced multi-frame) keep what is not in sequences; the file has all of it. Characters of JSON. */
const MAX_HEADER_JSON = 4 * 1024 * 1024

export function describeInstance(
  incoming: IncomingInstance,
  header: Header,
  context: DicomMappingContext,
  receivedAtMs: number,
): DescribedInstance | StoreResult {
  const { dataset } = header
  const problem = problemOf(incoming, header)
  if (problem !== undefined) return problem
  const studyUid = textOf(dataset, 'StudyInstanceUID')!
  const whole = JSON.stringify(dataset)
  const isTooLong = whole.length > MAX_HEADER_JSON
  return {
    sopInstanceUid: incoming.sopInstanceUid,
    sopClassUid: incoming.sopClassUid,
    transferSyntax: incoming.transferSyntax,
    studyUid,
    seriesUid: textOf(dataset, 'SeriesInstanceUID')!,
    number: instanceNumber(dataset),
    title: instanceTitle(dataset),
    patient: patientIdentity(dataset, studyUid, context).id,
    header: isTooLong ? JSON.stringify(withoutSequences(header)) : whole,
    headerComplete: header.complete && !isTooLong,
    studyAttributes: JSON.stringify(studyAttributes(dataset)),
    seriesAttributes: JSON.stringify(seriesAttributes(dataset)),
    channel: context.channel,
    callingAeTitle: incoming.sender.callingAeTitle,
    receivedAtMs,
  }
}

function problemOf(incoming: IncomingInstance, { dataset, endsEarly }: Header): StoreResult | undefined {
  // What says that it has more bytes than came is damaged: the sender should keep its copy.
  if (endsEarly) return refusal(Status.cannotUnderstand, 'data set ends early')
  const sopClassUid = textOf(dataset, 'SOPClassUID')
  if (sopClassUid === undefined) return refusal(Status.cannotUnderstand, 'no SOP Class UID')
  if (sopClassUid !== incoming.sopClassUid) return mismatch('SOP Class UID is not the one of the request')
  if (textOf(dataset, 'SOPInstanceUID') !== incoming.sopInstanceUid) {
    return mismatch('SOP Instance UID is not the one of the request')
  }
  for (const name of ['StudyInstanceUID', 'SeriesInstanceUID'] as const) {
    const uid = textOf(dataset, name)
    if (uid === undefined) return mismatch(`no ${name}`)
    if (!isUid(uid)) return mismatch(`${name} is no UID`)
  }
  return undefined
}

function refusal(status: number, comment: string): StoreResult {
  return { status, comment }
}

function mismatch(comment: string): StoreResult {
  return refusal(Status.dataSetDoesNotMatchSopClass, comment)
}

function withoutSequences({ dataset }: Header): Header['dataset'] {
  return Object.fromEntries(Object.entries(dataset).filter(([, { vr }]) => vr !== 'SQ'))
}
