/**
 * One object on its way in: the dataset goes to the blob store as it comes, its head is read on the way, and Success is
 * only said once the file and its index rows are durable. Nothing here throws to the association: the object has its
 * result, whatever happens.
 */
import {
  encodeFileStart,
  type IncomingInstance,
  type InstanceWriter,
  isUid,
  Status,
  type StoreResult,
} from '../../dicom/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import type { Spool } from '../../store/blobs/index.ts'
import type { AuditRow, Indexed } from '../../store/index.ts'
import { resultOf } from '../dimse/index.ts'
import { refusedRow, storedRow } from './audit.ts'
import { type DescribedInstance, describeInstance } from './describe.ts'
import { makeHeadReader } from './head.ts'
import type { IndexRequest } from './indexing.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

export interface ReceptionDeps extends ImagingDeps {
  readonly index: (request: IndexRequest) => Promise<Indexed>
  /** The study has an object more, or another one. */
  readonly changed: (association: string, studyUid: string) => void
}

export function receiveInstance(
  incoming: IncomingInstance,
  deps: ReceptionDeps,
  channel: ImagingChannel,
): InstanceWriter {
  const { association } = incoming.sender
  const log = deps.log.child({ association, instance: incoming.sopInstanceUid })
  const head = makeHeadReader(incoming.transferSyntax)
  let spool: Spool | undefined
  let failure: StoreResult | undefined = unusable(incoming)

  function fail(error: unknown): StoreResult {
    log.error({ err: error, code: asFailure(error).code }, 'object could not be stored')
    failure = resultOf(error)
    return failure
  }

  async function keep(whole: Spool): Promise<StoreResult> {
    const header = head.end()
    for (const code of header.warnings) log.warn({ code }, 'header is odd')
    const described = describeInstance(incoming, header, channel.mapping, deps.clock.now())
    if ('status' in described) return described
    const instance = { ...described, ...(await whole.commit()) }
    const indexed = await deps.index({ instance, audit: (result) => auditOf(described, result) })
    if (indexed.did === 'stored' || indexed.did === 'replaced') {
      deps.changed(association, described.studyUid)
      if (indexed.did === 'replaced' && indexed.leftStudy !== described.studyUid)
        deps.changed(association, indexed.leftStudy)
      if (indexed.studyPatient !== described.patient)
        log.warn({ study: described.studyUid }, 'patient differs in study')
    }
    return answerTo(indexed, channel)
  }

  function auditOf(described: DescribedInstance, indexed: Indexed): AuditRow {
    const { status } = answerTo(indexed, channel)
    return storedRow(incoming, described, indexed, status, channel, deps.clock.now())
  }

  async function abort(): Promise<void> {
    await spool?.abort().catch((error: unknown) => log.error({ err: error }, 'spool could not be removed'))
  }

  return {
    async write(fragment) {
      if (failure !== undefined) return
      try {
        spool ??= await openSpool(incoming, deps)
        head.take(fragment)
        await spool.write(fragment)
      } catch (error) {
        fail(error)
      }
    },
    async finish() {
      try {
        const result = failure ?? (spool === undefined ? EMPTY : await keep(spool))
        if (isRefused(result)) {
          await deps.audit.record(channel.tenant, refusedRow(incoming, result, deps.clock.now()))
        }
        return result
      } catch (error) {
        return fail(error)
      } finally {
        await abort()
      }
    },
    abort,
  }
}

const EMPTY: StoreResult = { status: Status.cannotUnderstand, comment: 'data set is empty' }

async function openSpool(incoming: IncomingInstance, { blobs }: ImagingDeps): Promise<Spool> {
  const spool = await blobs.spool()
  await spool.write(encodeFileStart(incoming))
  return spool
}

function unusable({ sopInstanceUid }: IncomingInstance): StoreResult | undefined {
  if (isUid(sopInstanceUid)) return undefined
  return { status: Status.dataSetDoesNotMatchSopClass, comment: 'Affected SOP Instance UID is no UID' }
}

/** A resend with the same content is a success; another content under the same UID is what the channel says. */
function answerTo(indexed: Indexed, { changedInstance }: ImagingChannel): StoreResult {
  if (indexed.did !== 'differs') return { status: Status.success }
  return changedInstance === 'keep'
    ? { status: Status.elementsDiscarded, comment: 'another content of this instance is kept' }
    : { status: Status.duplicateSopInstance, comment: 'another content of this instance is stored' }
}

/** The others have their audit row in the transaction of their index rows. */
function isRefused({ status }: StoreResult): boolean {
  return (
    status !== Status.success && status !== Status.elementsDiscarded && status !== Status.duplicateSopInstance
  )
}
