/** DIMSE responses, and what a failure is in status words. PS3.7 §9.3 and Annex C */
import { type CommandSet, CommandField, NO_DATASET, Status, type StoreResult } from '../../dicom/index.ts'
import { asFailure, Failure, type FailureKind } from '../../kernel/failure.ts'

/** The response to a request: its identification repeated, no dataset. */
export function responseTo(request: CommandSet, { status, comment }: StoreResult): CommandSet {
  return {
    ...(request.affectedSopClass !== undefined && { affectedSopClass: request.affectedSopClass }),
    commandField: (request.commandField ?? 0) | CommandField.response,
    messageIdRespondedTo: request.messageId ?? 0,
    dataSetType: NO_DATASET,
    status,
    // Error Comment is an LO: 64 characters.
    ...(comment !== undefined && { errorComment: comment.slice(0, 64) }),
    ...(request.affectedSopInstance !== undefined && { affectedSopInstance: request.affectedSopInstance }),
  }
}

const STATUS_OF_KIND: Record<FailureKind, number> = {
  invalid: Status.cannotUnderstand,
  conflict: Status.duplicateSopInstance,
  // Refused: out of resources is the word on which senders try again.
  'too-large': Status.outOfResources,
  unavailable: Status.outOfResources,
  timeout: Status.outOfResources,
  unauthenticated: Status.notAuthorized,
  forbidden: Status.notAuthorized,
  'not-found': Status.processingFailure,
  gone: Status.processingFailure,
  precondition: Status.processingFailure,
  unsupported: Status.processingFailure,
  internal: Status.processingFailure,
}

/** No room, or no more open files: the object is fine, this machine isn't. */
const RESOURCE_ERRORS = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EROFS', 'EIO'])

/** A thrown value as the answer to the one object that it befell. */
export function resultOf(thrown: unknown): StoreResult {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code
  if (!(thrown instanceof Failure) && code !== undefined && RESOURCE_ERRORS.has(code)) {
    return { status: Status.outOfResources, comment: 'storage is not available' }
  }
  const failure = asFailure(thrown)
  return { status: STATUS_OF_KIND[failure.kind], comment: failure.code }
}
