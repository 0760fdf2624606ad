/** The audit trail as FHIR resources of type AuditEvent: read, search, create. https://hl7.org/fhir/R4/auditevent.html */
import { toInstant, type Clock } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { ExactJson } from '../kernel/json.ts'
import type { TimeZone } from '../kernel/time-zone.ts'
import {
  countAudit,
  readAudit,
  searchAudit,
  submittedAuditStatement,
  type AuditRecord,
  type Db,
} from '../store/index.ts'
import { toAuditEvent } from './audit-event.ts'
import { parseAuditSearch } from './search-parameters.ts'
import { readSubmitted } from './submitted.ts'

export interface AuditEventsDeps {
  readonly db: Db
  readonly clock: Clock
  /** Where dates of a search without an offset are local. */
  zoneOf(tenant: TenantId): TimeZone | Promise<TimeZone>
}

/** As the store gives resources. */
interface AuditEventStored {
  readonly type: 'AuditEvent'
  readonly id: string
  readonly version: 1
  readonly lastUpdated: string
  readonly deleted: false
  readonly patients: readonly string[]
  /** JSON text, resourceType first. */
  readonly body: string
}

interface AuditEventPage {
  readonly entries: readonly AuditEventStored[]
  /** With `_total=accurate`. */
  readonly total?: number
  /** Pass it as the cursor of the next page. */
  readonly next?: string
}

export interface AuditEvents {
  read(tenant: TenantId, id: string): Promise<AuditEventStored | undefined>
  /** Newest first, unless `_sort=date`. @throws Failure `invalid`/`search-…` */
  search(tenant: TenantId, parameters: URLSearchParams, cursor?: string): Promise<AuditEventPage>
  /** Keeps a (valid) AuditEvent of a client, for ever and unchanged. */
  create(tenant: TenantId, event: ExactJson): Promise<AuditEventStored>
}

export function makeAuditEvents({ db, clock, zoneOf }: AuditEventsDeps): AuditEvents {
  return {
    async read(tenant, id) {
      const record = await readAudit(db, tenant, id)
      return record && toStored(record)
    },
    async search(tenant, parameters, cursor) {
      const query = parseAuditSearch(parameters, { now: clock.now(), zone: await zoneOf(tenant) })
      if (cursor !== undefined && !/^\d{1,18}$|^[0-8]\d{18}$/.test(cursor))
        throw new Failure('invalid', 'search-cursor')
      const [{ records, more }, total] = await Promise.all([
        searchAudit(db, tenant, cursor === undefined ? query : { ...query, after: cursor }),
        query.total === 'accurate' ? countAudit(db, tenant, query) : undefined,
      ])
      return {
        entries: records.map(toStored),
        ...(total !== undefined && { total }),
        ...(more && query.count > 0 && { next: records.at(-1)!.id }),
      }
    },
    async create(tenant, event) {
      const submitted = readSubmitted(event, clock.now())
      const [row] = await db.query<{ id: string }>(tenant, submittedAuditStatement(submitted))
      const record = await readAudit(db, tenant, row!.id)
      return toStored(record!)
    },
  }
}

function toStored(record: AuditRecord): AuditEventStored {
  const { id, at, patients, content, received } = record
  return {
    type: 'AuditEvent',
    id,
    version: 1,
    lastUpdated: received ?? toInstant(at),
    deleted: false,
    patients,
    body:
      content === undefined
        ? JSON.stringify(toAuditEvent(record))
        : `{"resourceType":"AuditEvent","id":"${id}",${content.slice(1)}`,
  }
}
