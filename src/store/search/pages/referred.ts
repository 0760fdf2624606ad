/** Pages of those whom the newest of many refer to. */
import { Failure } from '../../../kernel/failure.ts'
import type { TenantId } from '../../../kernel/ids.ts'
import type { ResourceRow } from '../../queries/read-resources.ts'
import { isReferringStream } from '../condition.ts'
import { referredCursor, referredPlace } from '../cursor.ts'
import type { SearchQuery } from '../query.ts'
import type { Run } from '../run.ts'
import { referredNewest } from '../statements/index.ts'
import { type FoundPage, pageOf } from './found-page.ts'

/** Those first whom the newest of many names. @throws Failure `invalid`/`search-cursor` */
export async function referredPage(run: Run, tenant: TenantId, query: SearchQuery): Promise<FoundPage> {
  const { conditions, cursor, count } = query
  const has = conditions.find(isReferringStream)
  if (!has) throw new Failure('invalid', 'search-cursor')
  const after = cursor && referredPlace(cursor)
  const finding = referredNewest(tenant, has, conditions, after, count + 1)
  const rows = await run<ResourceRow & { at: string }>(tenant, 'newest by who refers', finding, has)
  const until = after?.until ?? Number(rows[0]?.at)
  return pageOf(rows, count, ({ at, rid }) => referredCursor({ at: Number(at), rid: Number(rid), until }))
}
