/** Sends a search's statements, and tells whoever listens what was chosen and why: see explain.ts. */
import type { TenantId } from '../../kernel/ids.ts'
import type { Db } from '../db.ts'
import type { Statement } from '../statement.ts'
import type { Condition } from './condition.ts'
import type { Sql } from './sql.ts'

export type Tell = (
  choice:
    | { readonly by: 'shape'; readonly shape: SearchShape; readonly driver?: Condition | undefined }
    | {
        readonly by: 'counts'
        readonly conditions: readonly Condition[]
        readonly counts: readonly number[]
        readonly limit: number
      },
) => void

/** Of the statements: see statements/. */
type SearchShape =
  | 'bounded counts'
  | 'newest by token'
  | 'newest by collecting'
  | 'newest by who refers'
  | 'newest of type'
  | 'collect and sort'
  | 'page'
  | 'order of the index'
  | 'dated by token'
  | 'count'
  | 'collect numbers'
  | 'collect ids'

/** Sends one statement of a search. */
export type Run = <Row>(
  tenant: TenantId,
  shape: SearchShape,
  fragment: Sql,
  driver?: Condition,
) => Promise<Row[]>

export interface RunDeps {
  readonly db: Db
  /** See makeStatementNames. */
  named(fragment: Sql): Statement
  /** A shape is told right before its statement is sent. */
  readonly tell?: Tell | undefined
}

export function makeRun({ db, named, tell }: RunDeps): Run {
  return (tenant, shape, fragment, driver) => {
    tell?.({ by: 'shape', shape, driver })
    return db.query(tenant, named(fragment))
  }
}
