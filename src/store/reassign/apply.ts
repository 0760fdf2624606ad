/**
 * Does in the transaction of a message what the message says about two records. Merged: every reference to the one
 * becomes one to the other, whatever refers; moved: those in what belongs to the moved account or visit. All of it is
 * noted, so that it can be undone. HL7 v2.5 chapter 3, §3.6.2.
 */
import { Failure } from '../../kernel/failure.ts'
import { uuidv7, type TenantId } from '../../kernel/ids.ts'
import type { ReferenceWalk } from '../../fhir/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { AuditRow } from '../audit.ts'
import type { Tx } from '../db.ts'
import type { Key, Referring, ToLocal } from '../integrity/index.ts'
import type { ResourceNumbers } from '../numbers.ts'
import { readVersion, RESOURCE_COLUMNS, type ResourceRow } from '../queries/read-resources.ts'
import type { SearchModel } from '../search-model/index.ts'
import type { Reassignment } from './plan.ts'
import {
  changeRedirect,
  insertRecord,
  insertRedirect,
  insertRewritten,
  movedBy,
  recordInForce,
} from './records.ts'
import { referrersOf } from './referrers.ts'
import { withReferencesTurned, type Turn } from './rewrite.ts'
import { rewritePart, type RewriteDeps } from './rewriter.ts'
import { identifierNames, STATE_ELEMENTS, type UndoNotes } from './undo-notes.ts'

export interface Written extends Key {
  readonly version: number
  readonly did: 'created' | 'updated' | 'unchanged' | 'deleted'
  readonly body: string
}

export interface ApplyDeps {
  readonly walk: ReferenceWalk
  readonly referring: Referring
  readonly numbers: ResourceNumbers
  toLocal(tenant: TenantId): ToLocal
}

export interface ApplyInput {
  readonly tx: Tx
  readonly tenant: TenantId
  readonly model: SearchModel
  readonly now: number
  readonly agent: AuditRow['agent']
  /** meta.source of the message. */
  readonly source: string
  /** What the message itself wrote, in the same transaction. */
  readonly outcomes: readonly Written[]
}

const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle'
const ACTIVITIES = {
  merge: { system: LIFECYCLE, code: 'merge', display: 'Merge Record Lifecycle Event' },
  move: { system: LIFECYCLE, code: 'amend', display: 'Amend (Update) Record Lifecycle Event' },
} as const

/** @returns how many resources got a new version */
export async function applyReassignment(
  deps: ApplyDeps,
  input: ApplyInput,
  reassignment: Reassignment,
): Promise<number> {
  const { tx, now, source } = input
  const { does, type, from, to } = reassignment
  const id = uuidv7()
  if (does !== 'move') insertRedirect(tx, id, reassignment)
  const { what, number } = reassignment
  const undo: UndoNotes = does === 'merge' ? await notesFor(input, reassignment) : {}
  let moved = 0
  const turn = { type, from, to }
  if (does === 'merge')
    moved = await turnAll(deps, input, id, reassignment, turn, [{ type, id: from }], () => false)
  if (number !== undefined && what !== undefined) moved = await moveOn(deps, input, id, reassignment)
  if (does === 'move' && number === undefined) {
    moved = await turnAll(deps, input, id, reassignment, turn, [what!], (row) => row.type === 'Encounter')
  }
  insertRecord(tx, id, reassignment, { at: now, source, moved, undo: undo as JsonObject })
  return moved
}

/** What a merge brought along goes on to where the merged record's number goes, and so does who names that record. */
async function moveOn(
  { walk, numbers, toLocal }: ApplyDeps,
  input: ApplyInput,
  id: string,
  { type, from, to, what }: Reassignment,
): Promise<number> {
  const { tx, tenant } = input
  const merge = await recordInForce(tx, tenant, type, what!.id)
  if (merge === undefined) throw new Failure('conflict', 'criteria-matched')
  const turn = { type, from, to }
  const rewrite = rewriteDeps(input, numbers, 'move', turn)
  let moved = 0
  for await (const rows of movedBy(tx, tenant, merge.record.id)) {
    const there = rows.filter(({ deleted }) => !deleted)
    const rewritten = await rewritePart(rewrite, there, (current) =>
      withReferencesTurned(walk, toLocal(tenant), current, turn),
    )
    if (rewritten.length > 0) insertRewritten(tx, id, rewritten)
    moved += rewritten.length
  }
  changeRedirect(tx, id, { type, from: what!.id, to })
  return moved
}

/** Turns the references in what refers to the roots, and in what refers to those of them that lead on. */
async function turnAll(
  { walk, referring, numbers, toLocal }: ApplyDeps,
  input: ApplyInput,
  id: string,
  { does, what }: Reassignment,
  turn: Turn,
  roots: readonly Key[],
  leadsOn: (row: ResourceRow) => boolean,
): Promise<number> {
  const { tx, tenant, outcomes } = input
  const rewrite = rewriteDeps(input, numbers, does === 'move' ? 'move' : 'merge', turn)
  const seen = new Set<string>()
  // The two themselves, and what tells of the message: it speaks of both.
  const told = outcomes.filter((each) => each.type === 'Provenance')
  const both = [turn.from, turn.to].map((each) => ({ type: turn.type, id: each }))
  const own = new Set([...told, ...both].map((each) => `${each.type}/${each.id}`))
  let moved = 0
  const turnPart = async (rows: readonly ResourceRow[]): Promise<void> => {
    const others = rows.filter(
      // What an earlier message wrote of the former patient it wrote of him, moved or not.
      (row) => !own.has(`${row.type}/${row.id}`) && !(does === 'move' && row.type === 'Provenance'),
    )
    const rewritten = await rewritePart(rewrite, others, (current) =>
      withReferencesTurned(walk, toLocal(tenant), current, turn),
    )
    if (rewritten.length > 0) insertRewritten(tx, id, rewritten)
    moved += rewritten.length
  }
  if (what !== undefined) await turnPart(await lockedRow(tx, tenant, what))
  const open = [...roots]
  for (let root = open.pop(); root !== undefined; root = open.pop()) {
    const name = `${root.type}/${root.id}`
    if (seen.has(name)) continue
    seen.add(name)
    for await (const rows of referrersOf(tx, tenant, referring.tokensFor(root))) {
      await turnPart(rows)
      open.push(...rows.filter(leadsOn))
    }
  }
  return moved
}

function lockedRow(tx: Tx, tenant: TenantId, { type, id }: Key): Promise<ResourceRow[]> {
  const text = `
    select ${RESOURCE_COLUMNS} from resource r
    where r.tenant = $1::int and r.type = $2 and r.id = $3 and not r.deleted for update`
  return tx.query<ResourceRow>({ name: 'lock-row', text, values: [tenant, type, id] })
}

/** What the two records were like before: their versions before the message's own. */
async function notesFor(
  { tx, tenant, outcomes }: ApplyInput,
  { type, from, to }: Reassignment,
): Promise<UndoNotes> {
  const former = async (id: string): Promise<JsonObject | undefined> => {
    const outcome = outcomes.find((each) => each.type === type && each.id === id)
    if (outcome === undefined || outcome.did !== 'updated') return undefined
    const [row] = await tx.query<ResourceRow>(readVersion(tenant, type, id, outcome.version - 1))
    return row?.content ? (JSON.parse(row.content) as JsonObject) : undefined
  }
  const now = (id: string): JsonObject => {
    const body = outcomes.find((each) => each.type === type && each.id === id)?.body
    return body === undefined || body === '' ? {} : (JSON.parse(body) as JsonObject)
  }
  const [replaced, survivor] = await Promise.all([former(from), former(to)])
  const element = STATE_ELEMENTS[type]!
  const own = new Set(identifierNames(survivor ?? {}))
  const theirs = new Set(identifierNames(now(from)))
  return {
    state: replaced?.[element] ?? null,
    identifiers: identifierNames(now(to)).filter((name) => !own.has(name) && theirs.has(name)),
  }
}

function rewriteDeps(
  { tx, tenant, model, now, agent, source, outcomes }: ApplyInput,
  numbers: ResourceNumbers,
  does: keyof typeof ACTIVITIES,
  { type, from, to }: Turn,
): RewriteDeps {
  const version = outcomes.find((each) => each.type === type && each.id === from)?.version
  const name = `${type}/${from}`
  const reference = version === undefined || version === 0 ? name : `${name}/_history/${version}`
  return {
    tx,
    tenant,
    model,
    numbers,
    now,
    audit: (entities, patients) => ({
      at: now,
      kind: 'hl7',
      interaction: `record-${does}`,
      action: 'U',
      outcome: 0,
      agent,
      entities,
      patients,
      detail: { from: name, to: `${type}/${to}` },
    }),
    provenance: {
      meta: { source },
      activity: { coding: [{ ...ACTIVITIES[does] }] },
      agent: [{ who: { display: agent.id } }],
      // By its version: what was merged is named as it was, and that name is never turned.
      entity: [{ role: 'source', what: version === undefined ? { display: reference } : { reference } }],
    },
  }
}
