/**
 * What is to be done about two records that a message speaks of, now that it is known where they are.
 * HL7 v2.5 chapter 3, §3.6.2.1.
 */
import { isDeepStrictEqual } from 'node:util'

import { Failure } from '../../kernel/failure.ts'
import type { Redirects } from './redirects.ts'

/** As a message says it: the ids are those that its own identifiers make. */
export interface RequestedReassignment {
  readonly does: 'merge' | 'change' | 'move' | 'move-number' | 'unlink'
  readonly type: string
  readonly from: string
  readonly to: string
  readonly what?: { readonly type: string; readonly id: string }
  /** The identifier that is moved: `from` is the id that it makes. */
  readonly number?: RecordNumber
  /** Numbers of the record that it is moved from, which stay with that one. */
  readonly stays?: readonly RecordNumber[]
}

export interface RecordNumber {
  readonly system: string
  readonly value: string
}

/** The ids are those of the records that are there. */
export interface Reassignment extends RequestedReassignment {
  readonly does: 'merge' | 'change' | 'move'
}

export interface ReassignmentPlan {
  /** In their order. */
  readonly todo: readonly Reassignment[]
  readonly unlinked: readonly RequestedReassignment[]
  /** `Type/id` as the message calls it → the id that it is written under. */
  readonly names: ReadonlyMap<string, string>
  /** What the message must not write, by the name that it gives it: it is one with another record. */
  readonly dropped: ReadonlySet<string>
  /** `Type/id` of those that were merged before, as the message says again. */
  readonly merged: ReadonlySet<string>
}

export interface PlanInput {
  readonly requested: readonly RequestedReassignment[]
  /** `Type/id` as the message calls it → the id under which its identifier is known. */
  readonly known: ReadonlyMap<string, string>
  readonly redirects: Redirects
  /** `Type/id` of those records that are there. */
  readonly there: ReadonlySet<string>
  /** Identifiers in force of a record that is there. */
  numbersOf(name: string): readonly RecordNumber[]
}

/** @throws Failure `invalid`/`merge-circular`, `merge-elsewhere`, `move-shared-record` */
export function planReassignments({
  requested,
  known,
  redirects,
  there,
  numbersOf,
}: PlanInput): ReassignmentPlan {
  const todo: Reassignment[] = []
  const unlinked: RequestedReassignment[] = []
  const names = new Map<string, string>()
  const dropped = new Set<string>()
  const merged = new Set<string>()
  // What this very message has said of a record so far, as redirects say it of what earlier ones did.
  const own = new Map<string, string>()
  const chainOf = (type: string, id: string): readonly string[] => {
    const found = known.get(`${type}/${id}`) ?? id
    const chain = [...(redirects.get(`${type}/${found}`) ?? [found])]
    for (;;) {
      const next = own.get(`${type}/${chain.at(-1)!}`)
      if (next === undefined) return chain
      chain.push(next)
    }
  }
  const willDo = (reassignment: Reassignment): void => {
    const { does, type, from, to } = reassignment
    if (todo.some((each) => isDeepStrictEqual(each, reassignment))) return
    if (does !== 'move') own.set(`${type}/${from}`, to)
    todo.push(reassignment)
  }
  const whatOf = ({ what }: RequestedReassignment) =>
    what && { what: { type: what.type, id: chainOf(what.type, what.id).at(-1)! } }

  for (const request of requested) {
    const { does, type } = request
    const from = chainOf(type, request.from)
    const to = chainOf(type, request.to)
    const [was, now] = [from[0]!, from.at(-1)!]
    const into = to.at(-1)!
    if (does === 'unlink') {
      unlinked.push({ ...request, from: now, to: into })
    } else if (does === 'move-number') {
      if (now === into) continue
      if (now === into || !there.has(`${type}/${now}`)) continue
      const isOwn = was === request.from
      const stays = numbersOf(`${type}/${now}`).some((each) =>
        request.stays?.some((one) => isSame(one, each)),
      )
      // Nobody can say what of a record is filed under which of its numbers.
      if (isOwn ? from.length === 1 && stays : from.length > 1)
        throw new Failure('invalid', 'move-shared-record', { type })
      if (isOwn && from.length === 1) {
        names.set(`${type}/${request.from}`, was)
        willDo({ does: 'merge', type, from: was, to: into })
        continue
      }
      // Was it merged, what came along with it goes on; else it is one more number of a record that stays.
      const what = isOwn ? { what: { type, id: was } } : {}
      if (isOwn) merged.add(`${type}/${was}`)
      willDo({ does: 'move', type, from: now, to: into, ...what, ...numberOf(request) })
    } else if (does === 'move') {
      if (now !== into) willDo({ does, type, from: now, to: into, ...whatOf(request) })
    } else if (does === 'change' && now !== into && !there.has(`${type}/${into}`)) {
      if (!there.has(`${type}/${now}`)) continue
      names.set(`${type}/${request.to}`, now)
      willDo({ does, type, from: into, to: now })
    } else if (now === into) {
      if (to.length > 1 && to.includes(was) && from.length === 1)
        throw new Failure('invalid', 'merge-circular')
      if (from.length === 1) dropped.add(`${type}/${request.from}`)
      else {
        names.set(`${type}/${request.from}`, was)
        merged.add(`${type}/${was}`)
      }
    } else if (from.length > 1) {
      // It is another one since, and who that is the message does not say.
      throw new Failure('invalid', 'merge-elsewhere')
    } else {
      names.set(`${type}/${request.from}`, was)
      willDo({ does: 'merge', type, from: was, to: into })
    }
  }
  return { todo, unlinked, names, dropped, merged }
}

function numberOf({ number }: RequestedReassignment): Pick<RequestedReassignment, 'number'> {
  return number === undefined ? {} : { number }
}

function isSame(a: RecordNumber, b: RecordNumber): boolean {
  return a.system === b.system && a.value === b.value
}
