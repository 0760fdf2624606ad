/** Sends DICOM files: reads what each is, proposes a context for each kind, streams them one after the other. */
import { open } from 'node:fs/promises'

import {
  decodeFileStart,
  HEAD_SIZES,
  isTaken,
  type ProposedContext,
  readHeader,
  textOf,
} from '../../dicom/index.ts'
import { asFailure, Failure } from '../../kernel/failure.ts'
import { associate, type AssociateOptions, type ClientAssociation } from './client.ts'

export interface SendResult {
  readonly file: string
  readonly sent: boolean
  /** Status word of the answer; undefined when it was not sent. */
  readonly status?: number
  readonly comment?: string
}

interface OutgoingFile {
  readonly file: string
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntax: string
  readonly datasetOffset: number
}

/** PS3.8 §9.3.2.2: context ids are odd bytes. */
const MAX_CONTEXTS = 128

/**
 * Results come in the order of the files, each as soon as it is known. Files are sent as they are: one whose transfer
 * syntax the other side does not take is not sent.
 * @throws Failure when there is no association, or when it breaks
 */
export async function* sendFiles(
  files: readonly string[],
  options: Omit<AssociateOptions, 'contexts'>,
): AsyncGenerator<SendResult> {
  const outgoing = await Promise.all(
    files.map((file) => describeFile(file).catch((error: unknown) => failureOf(file, error))),
  )
  const contexts = proposeContexts(outgoing.filter((one): one is OutgoingFile => !(one instanceof Failure)))
  if (contexts.size === 0) {
    for (const [index, file] of files.entries()) yield notSent(file, outgoing[index] as Failure)
    return
  }
  await using association = await associate({ ...options, contexts: [...contexts.values()] })
  for (const [index, file] of files.entries()) {
    const one = outgoing[index]!
    yield one instanceof Failure ? notSent(file, one) : await sendFile(association, one, contexts)
  }
  await association.release()
}

function failureOf(file: string, error: unknown): Failure {
  const isSystemError = (error as NodeJS.ErrnoException).syscall !== undefined
  return isSystemError ? new Failure('not-found', 'file-unreadable', { file }) : asFailure(error)
}

function notSent(file: string, failure: Failure): SendResult {
  return { file, sent: false, comment: failure.code }
}

async function sendFile(
  association: ClientAssociation,
  { file, datasetOffset, ...instance }: OutgoingFile,
  contexts: ReadonlyMap<string, ProposedContext>,
): Promise<SendResult> {
  const contextId = contexts.get(kindOf(instance))?.id
  if (contextId === undefined || !association.agreed.has(contextId)) {
    return { file, sent: false, comment: 'not accepted by the other side' }
  }
  await using handle = await open(file)
  const dataset = handle.createReadStream({
    start: datasetOffset,
    highWaterMark: 256 * 1024,
    autoClose: false,
  })
  const result = await association.store({ ...instance, contextId, dataset })
  return { file, sent: isTaken(result.status), ...result }
}

/** What the dataset calls itself counts: the meta of edited files may still name the object that they were made from. */
async function describeFile(file: string): Promise<OutgoingFile> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  for (const length of HEAD_SIZES) {
    const head = Buffer.alloc(Math.min(length, size))
    await handle.read(head, 0, head.length, 0)
    const start = decodeFileStart(head)
    if (start === undefined) break
    const { transferSyntax, datasetOffset } = start
    const whole = head.length === size
    const last = whole || length === HEAD_SIZES.at(-1)
    const header = readHeader(head.subarray(datasetOffset), { transferSyntax, last, whole })
    if (header === undefined) continue
    const sopClassUid = textOf(header.dataset, 'SOPClassUID') ?? start.sopClassUid
    const sopInstanceUid = textOf(header.dataset, 'SOPInstanceUID') ?? start.sopInstanceUid
    if (sopClassUid === undefined || sopInstanceUid === undefined) break
    return { file, transferSyntax, datasetOffset, sopClassUid, sopInstanceUid }
  }
  throw new Failure('invalid', 'not-a-dicom-file')
}

function kindOf({
  sopClassUid,
  transferSyntax,
}: Pick<OutgoingFile, 'sopClassUid' | 'transferSyntax'>): string {
  return `${sopClassUid} ${transferSyntax}`
}

function proposeContexts(files: readonly OutgoingFile[]): Map<string, ProposedContext> {
  const kinds = [...new Map(files.map((one) => [kindOf(one), one])).entries()].slice(0, MAX_CONTEXTS)
  return new Map(
    kinds.map(([kind, { sopClassUid, transferSyntax }], index) => [
      kind,
      { id: index * 2 + 1, abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntax] },
    ]),
  )
}
