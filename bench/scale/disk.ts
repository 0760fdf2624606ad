/** What the database takes on disk, by table and index, in bytes a resource. */
import { Client } from 'pg'

export interface TableSize {
  readonly total: number
  readonly rows: number
  readonly heap: number
  /** Large values, moved out of the rows. */
  readonly toast: number
  readonly indexes: Readonly<Record<string, number>>
}

export interface DiskUse {
  /** All tables of resources and their index, without the audit trail. */
  readonly bytesPerResource: number
  /** Bytes a resource; tables of which there is less than one byte a resource are left out. */
  readonly tables: Readonly<Record<string, TableSize>>
  readonly auditBytes: number
}

const SIZES = `
select c.relname as name, pg_total_relation_size(c.oid)::float8 as total, greatest(c.reltuples, 0)::float8 as rows,
  pg_table_size(c.oid)::float8 - coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8 as heap,
  coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8 as toast,
  coalesce((select json_object_agg(i.indexrelid::regclass::name, pg_relation_size(i.indexrelid))
    from pg_index i where i.indrelid = c.oid), '{}') as indexes
from pg_class c where c.relnamespace = 'passerelle'::regnamespace and c.relkind = 'r'
order by total desc`

interface SizeRow extends TableSize {
  readonly name: string
}

export async function measureDisk(url: string, resources: number): Promise<DiskUse> {
  const owner = new Client({ connectionString: url })
  await owner.connect()
  try {
    const { rows } = await owner.query<SizeRow>(SIZES)
    const isAudit = ({ name }: SizeRow) => name.startsWith('audit')
    const counted = rows.filter((row) => !isAudit(row))
    return {
      bytesPerResource: Math.round(sum(counted) / resources),
      tables: Object.fromEntries(
        counted
          .filter(({ total }) => total >= resources)
          .map((row) => [row.name, perResource(row, resources)]),
      ),
      auditBytes: sum(rows.filter(isAudit)),
    }
  } finally {
    await owner.end()
  }
}

function sum(rows: readonly SizeRow[]): number {
  return rows.reduce((total, row) => total + row.total, 0)
}

function perResource({ total, rows, heap, toast, indexes }: SizeRow, resources: number): TableSize {
  const share = (bytes: number) => Math.round((bytes / resources) * 10) / 10
  return {
    total: share(total),
    rows: share(rows),
    heap: share(heap),
    toast: share(toast),
    indexes: Object.fromEntries(Object.entries(indexes).map(([name, bytes]) => [name, share(bytes)])),
  }
}
