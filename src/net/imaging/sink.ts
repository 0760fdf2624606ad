/**
 * Takes objects in: the dataset goes to the blob store as it comes, its head is read on the way, and Success is only
 * said once the file and its index rows are durable. Nothing here throws to the association: each object has its result.
 */
import {
  encodeFileStart,
  type IncomingInstance,
  type InstanceSink,
  type InstanceWriter,
  isUid,
  type Sender,
  Status,
  type StoreResult,
} from '../../dicom/index.ts'
import { asFailure } from '../../kernel/failure.ts'
import { imagingStudyId } from '../../mapping/dicom/index.ts'
import type { Spool } from '../../store/blobs/index.ts'
import type { AuditRow, Indexed } from '../../store/index.ts'
import { resultOf } from '../dimse/index.ts'
import { auditRow } from './audit.ts'
import { type DescribedInstance, describeInstance } from './describe.ts'
import { makeHeadReader } from './head.ts'
import { makeIndexing } from './indexing.ts'
import type { Projector } from './projector.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

export function makeImagingSink(
  deps: ImagingDeps,
  channel: ImagingChannel,
  projector: Projector,
): InstanceSink {
  const index = makeIndexing(deps, channel)

  function begin(incoming: IncomingInstance): Promise<InstanceWriter> {
    const head = makeHeadReader(incoming.transferSyntax)
    const log = deps.log.child({
      association: incoming.sender.association,
      instance: incoming.sopInstanceUid,
    })
    let spool: Spool | undefined
    let failure: StoreResult | undefined = unusable(incoming)

    function fail(error: unknown): void {
      failure = resultOf(error)
      log.error({ err: error, code: asFailure(error).code }, 'object could not be stored')
    }

    async function write(fragment: Buffer): Promise<void> {
      if (failure !== undefined) return
      try {
        spool ??= await openSpool(incoming)
        head.take(fragment)
        await spool.write(fragment)
      } catch (error) {
        fail(error)
      }
    }

    async function finish(): Promise<StoreResult> {
      try {
        const result = failure ?? (await keep())
        if (result.status === Status.success || result.status === Status.elementsDiscarded) return result
        await deps.audit.record(channel.tenant, refusedRow(incoming, result))
        return result
      } catch (error) {
        fail(error)
        return failure!
      } finally {
        await abort()
      }
    }

    async function keep(): Promise<StoreResult> {
      if (spool === undefined) return { status: Status.cannotUnderstand, comment: 'data set is empty' }
      const header = head.end()
      for (const code of header.warnings) log.warn({ code }, 'header is odd')
      const described = describeInstance(incoming, header, channel.mapping, deps.clock.now())
      if ('status' in described) return described
      const blob = await spool.commit()
      const instance = { ...described, ...blob }
      const result = await index({ instance, audit: (indexed) => storedRow(incoming, described, indexed) })
      if (result.did === 'stored' || result.did === 'replaced') {
        projector.changed(incoming.sender.association, described.studyUid)
        if (result.studyPatient !== described.patient)
          log.warn({ study: described.studyUid }, 'patient differs in study')
      }
      return answerTo(result, channel)
    }

    async function abort(): Promise<void> {
      await spool?.abort().catch((error: unknown) => log.error({ err: error }, 'spool could not be removed'))
    }

    return Promise.resolve({ write, finish, abort })
  }

  async function openSpool(incoming: IncomingInstance): Promise<Spool> {
    const spool = await deps.blobs.spool()
    await spool.write(encodeFileStart(incoming))
    return spool
  }

  function storedRow(incoming: IncomingInstance, described: DescribedInstance, indexed: Indexed): AuditRow {
    const { status } = answerTo(indexed, channel)
    const isConflict = 'studyPatient' in indexed && indexed.studyPatient !== described.patient
    return {
      ...auditRow(incoming.sender, 'c-store', deps.clock.now()),
      action: indexed.did === 'stored' ? 'C' : 'U',
      outcome: status === Status.success ? 0 : 4,
      entities: [{ type: 'ImagingStudy', id: imagingStudyId(described.studyUid, channel.mapping) }],
      patients: [described.patient],
      detail: {
        status,
        did: indexed.did,
        instance: incoming.sopInstanceUid,
        association: incoming.sender.association,
        ...(indexed.did === 'differs' && { kept: indexed.digest }),
        ...(isConflict && { conflict: 'patient-differs', studyPatient: indexed.studyPatient }),
      },
    }
  }

  function refusedRow(incoming: IncomingInstance, { status, comment }: StoreResult): AuditRow {
    return {
      ...auditRow(incoming.sender, 'c-store', deps.clock.now()),
      action: 'C',
      outcome: 8,
      entities: [],
      patients: [],
      detail: {
        status,
        ...(comment !== undefined && { code: comment }),
        ...(isUid(incoming.sopInstanceUid) && { instance: incoming.sopInstanceUid }),
        association: incoming.sender.association,
      },
    }
  }

  return { begin, ended: ({ association }: Sender) => projector.released(association) }
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
