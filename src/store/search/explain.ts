/**
 * How a search is answered: what was chosen and why, and each statement as PostgreSQL runs it. The search runs as it
 * always does and its statements are noted with their times; afterwards each runs once more under EXPLAIN.
 */
import type { SearchRequest } from '../../fhir/index.ts'
import { asFailure, Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Json } from '../../kernel/json.ts'
import type { Db } from '../db.ts'
import type { Statement } from '../statement.ts'
import type { Condition } from './condition.ts'
import type { SearchOptions, SearchPage, SearchStore } from './search-store.ts'
import type { Tell } from './run.ts'

export interface Explanation {
  /** Of the page; undefined: the search failed. */
  readonly page: SearchPage | undefined
  /** Code of what it failed with. */
  readonly failure: string | undefined
  /** All of its statements, without the time that explaining them took. */
  readonly ms: number
  /** In the order in which they were begun. */
  readonly steps: readonly (ChoiceStep | StatementStep)[]
}

/** What the search begins with. */
export interface ChoiceStep {
  readonly by: 'choice'
  readonly conditions: readonly {
    readonly condition: string
    /** How many meet it, no further counted than to `limit`. */
    readonly count: number
  }[]
  readonly limit: number
}

export interface StatementStep {
  readonly by: 'statement'
  /** The shape that was chosen; undefined: a lookup on the way. */
  readonly shape: string | undefined
  /** What it begins with. */
  readonly driver: string | undefined
  readonly sql: string
  readonly rows: number
  readonly ms: number
  /** EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON); undefined: there were too many statements. */
  readonly plan: Json | undefined
}

/** A chain to many types has many statements. */
const MAX_PLANS = 100

/** @param storeOn makes the store that is explained, on this database, telling this listener */
export async function explainSearch(
  db: Db,
  storeOn: (db: Db, tell: Tell) => Pick<SearchStore, 'search'>,
  tenant: TenantId,
  request: SearchRequest,
  options: SearchOptions,
): Promise<Explanation> {
  const noted = makeNotes(db)
  const store = storeOn(noted.db, noted.tell)
  const begun = performance.now()
  let page: SearchPage | undefined
  let failure: Failure | undefined
  try {
    page = await store.search(tenant, request, options)
  } catch (error) {
    failure = asFailure(error)
    if (failure.kind === 'internal') throw failure
  }
  const ms = performance.now() - begun
  const steps: (ChoiceStep | StatementStep)[] = []
  for (const [i, note] of noted.notes.entries()) {
    if (note.by === 'choice') steps.push(note)
    else steps.push(await explained(db, tenant, note, i < MAX_PLANS))
  }
  return { page, failure: failure?.code, ms, steps }
}

interface StatementNote extends Omit<StatementStep, 'sql' | 'plan'> {
  readonly statement: Statement
}

function makeNotes(db: Db) {
  const notes: (ChoiceStep | StatementNote)[] = []
  let shape: Pick<StatementStep, 'shape' | 'driver'> = { shape: undefined, driver: undefined }

  async function run<Row>(door: 'query' | 'lookup', tenant: TenantId, statement: Statement): Promise<Row[]> {
    // Told in the same turn in which the statement is sent.
    const told = shape
    shape = { shape: undefined, driver: undefined }
    const at = notes.length
    const begun = performance.now()
    const note = { by: 'statement', ...told, statement, rows: 0, ms: 0 } as const
    notes.push(note)
    const rows = await db[door]<Row>(tenant, statement)
    notes[at] = { ...note, rows: rows.length, ms: performance.now() - begun }
    return rows
  }

  const tell: Tell = (told) => {
    if (told.by === 'counts') {
      const { conditions, counts, limit } = told
      const described = conditions.map((one, i) => ({ condition: describe(one), count: counts[i]! }))
      notes.push({ by: 'choice', conditions: described, limit })
    } else {
      shape = { shape: told.shape, driver: told.driver && describe(told.driver) }
    }
  }
  const noting: Db = {
    ...db,
    query: (tenant, statement) => run('query', tenant, statement),
    lookup: (tenant, statement) => run('lookup', tenant, statement),
  }
  return { db: noting, notes, tell }
}

async function explained(
  db: Db,
  tenant: TenantId,
  { statement, ...note }: StatementNote,
  isWanted: boolean,
): Promise<StatementStep> {
  const { text, values } = statement
  if (!isWanted) return { ...note, sql: text, plan: undefined }
  const [row] = await db.query<{ 'QUERY PLAN': Json }>(tenant, {
    text: `explain (analyze, buffers, format json) ${text}`,
    values,
  })
  return { ...note, sql: text, plan: row?.['QUERY PLAN'] }
}

/** Without values, which the index has as hashes anyway. */
function describe(condition: Condition): string {
  switch (condition.by) {
    case 'token': {
      const { hashes, spans, leading, personal } = condition
      const more = [personal && 'personal', leading && 'by date'].filter((each) => each)
      return `${hashes.length + spans.length} tokens${more.length > 0 ? ` (${more.join(', ')})` : ''}`
    }
    case 'string':
      return `${condition.matches.length} strings (${condition.matches[0]?.how ?? ''})`
    case 'range':
      return `${condition.tests.length} ranges`
    case 'id':
      return `${condition.ids.length} ids`
    case 'all':
    case 'any':
      return `${condition.by}(${condition.of.map(describe).join(', ')})`
    case 'not':
      return `not(${describe(condition.of)})`
    case 'chain':
      return `chain(${condition.targets.map(({ type, condition: of }) => `${type}: ${describe(of)}`).join(', ')})`
    case 'has':
      return `has(${condition.references.join(', ')}: ${describe(condition.condition)})`
    case 'last-updated':
    case 'present':
    case 'patients':
    case 'places':
    case 'written':
    case 'near':
    case 'key':
    case 'words':
      return condition.by
  }
}
