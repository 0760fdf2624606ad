/** Which studies have changed since their ImagingStudy was written. The mark outlives the program. */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Db, Tx } from '../db.ts'

/** How long a claimed study is left to the one who claimed it. */
const CLAIM_SECONDS = 60

/** Studies that changed and have been quiet since; each is given to one asker only, for a minute. */
export async function claimUnprojected(
  db: Db,
  tenant: TenantId,
  { quietMs, limit }: { readonly quietMs: number; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await db.query<{ study_uid: string }>(tenant, {
    name: 'dicom-claim',
    text: CLAIM,
    values: [quietMs, limit, CLAIM_SECONDS],
  })
  return rows.map(({ study_uid }) => study_uid)
}

const CLAIM = `
  update dicom_study set claimed_until = now() + make_interval(secs => $3::int)
  where tenant = current_tenant() and study_uid in (
    select study_uid from dicom_study
    where tenant = current_tenant() and dirty
      and (claimed_until is null or claimed_until < now())
      and changed_at <= now() - make_interval(secs => $1::int / 1000.0)
    order by study_uid
    limit $2::int
    for update skip locked
  )
  returning study_uid`

/**
 * Inside the transaction that writes the ImagingStudy of a revision; doesn't wait for the answer. The transaction fails
 * when this revision or a later one is written already, and isProjected tells that from other failures.
 */
export function markProjected(tx: Tx, studyUid: string, revision: number): void {
  void tx.query({ name: 'dicom-projected', text: PROJECTED, values: [studyUid, revision] })
}

const PROJECTED = `
  with done as (
    update dicom_study set projected = $2::bigint, dirty = revision > $2::bigint, claimed_until = null
    where tenant = current_tenant() and study_uid = $1 and projected < $2::bigint
    returning 1
  )
  select assert_projects(exists (select from done))`

export function isProjected(error: unknown): boolean {
  return error instanceof Failure && error.params['sqlstate'] === 'PA008'
}
