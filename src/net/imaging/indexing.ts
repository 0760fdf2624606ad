/** Makes an object's index rows and its audit row durable in one transaction, in groups when several come at once. */
import { Failure } from '../../kernel/failure.ts'
import {
  type AuditRow,
  auditStatement,
  type Indexed,
  indexInstances,
  type NewInstance,
  replaceInstance,
  type Tx,
} from '../../store/index.ts'
import { makeGroupCommit } from '../../kernel/group-commit.ts'
import type { ImagingChannel, ImagingDeps } from './settings.ts'

export interface IndexRequest {
  readonly instance: NewInstance
  /** What the audit trail says of it, depending on what became of it. */
  readonly audit: (result: Indexed) => AuditRow
}

/** Enough for any number of associations that a machine serves; each waits for its own answer. */
const MAX_GROUP = 64

export function makeIndexing(
  { db }: ImagingDeps,
  channel: ImagingChannel,
): (request: IndexRequest) => Promise<Indexed> {
  async function commit(requests: readonly IndexRequest[]): Promise<readonly Indexed[]> {
    return db.transaction(channel.tenant, async (tx) => {
      const indexed = await indexInstances(
        tx,
        requests.map(({ instance }) => instance),
      )
      const results: Indexed[] = []
      for (const [index, result] of indexed.entries()) {
        results.push(await settle(tx, requests[index]!.instance, result, channel))
      }
      // Not waited for: it goes out with the commit, which answers for it.
      void tx.query(auditStatement(requests.map(({ audit }, index) => audit(results[index]!))))
      return results
    })
  }

  return makeGroupCommit({
    maxItems: MAX_GROUP,
    keyOf: ({ instance }) => instance.sopInstanceUid,
    commit,
  })
}

async function settle(tx: Tx, instance: NewInstance, result: Indexed, { changedInstance }: ImagingChannel) {
  if (result.did !== 'differs' || changedInstance !== 'overwrite') return result
  const replaced = await replaceInstance(tx, instance)
  if (replaced.did !== 'replaced') throw new Failure('internal', 'instance-not-replaced')
  return replaced
}
