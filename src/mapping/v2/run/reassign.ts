/**
 * What a message says about two records, once it is known which ones they are: merges, changes of number, moves, links
 * taken back. HL7 v2.5 chapter 3, §3.6.2.
 */
import type { Identities, NumberOf } from './identity.ts'
import type { ReassignmentNode } from './instances.ts'
import { objectsIn, textAt, type Obj, type ResourceNode } from './tree.ts'

export interface Reassignment extends Pick<ReassignmentNode, 'does'> {
  /** Type of `from` and `to`. */
  readonly type: string
  readonly from: string
  readonly to: string
  /** What is moved. */
  readonly what?: { readonly type: string; readonly id: string }
  /** The number that is moved; `from` is the id that it alone makes. */
  readonly number?: NumberOf
  /** What else the message calls the one that it is moved from. */
  readonly stays?: readonly NumberOf[]
}

/** A resource that a message names and does not write, with what it may be known by. */
export interface NamedResource {
  readonly type: string
  readonly id: string
  readonly identifiers: readonly { readonly system: string; readonly value: string }[]
}

export interface Settled {
  /** The resources that the message writes. */
  readonly made: readonly ResourceNode[]
  readonly reassignments: readonly Reassignment[]
  readonly named: readonly NamedResource[]
}

/** What is to be called `from` no longer, or only loses something, is named and not written. */
export function settleReassignments(
  made: readonly ResourceNode[],
  reassignments: readonly ReassignmentNode[],
  identities: Identities,
  warn: (code: string, about: string) => void,
): Settled {
  const unwritten = new Set<ResourceNode>()
  const named: NamedResource[] = []
  const settled: Reassignment[] = []
  for (const node of reassignments) {
    const { does, from, to, what } = node
    if (does === 'move-number') {
      const moves = movedNumbers(from, to, identities)
      if (moves.length === 0) warn('merge-without-identifier', from.type)
      unwritten.add(from)
      settled.push(...moves)
      named.push(...moves.map(({ type, from: id, number }) => ({ type, id, identifiers: [number] })))
      continue
    }
    const ids = [from, to, ...(what === undefined ? [] : [what])].map((each) => idOf(each, identities))
    const [fromId, toId, whatId] = ids
    if (ids.includes(undefined)) warn('merge-without-identifier', from.type)
    if (ids.includes(undefined) || fromId === toId) {
      // Merged into itself there is one record, and nothing to say of a second one.
      if (does !== 'unlink') unwritten.add(from)
      continue
    }
    if (does === 'change' || does === 'move') {
      unwritten.add(from)
      named.push({ type: from.type, id: fromId!, identifiers: identifiersIn(from.root) })
    }
    settled.push({
      does,
      type: from.type,
      from: fromId!,
      to: toId!,
      ...(what !== undefined && { what: { type: what.type, id: whatId! } }),
    })
  }
  const kept = made.filter((each) => !unwritten.has(each))
  for (const { root } of kept) dropLinks(root, unwritten)
  return { made: kept, reassignments: settled, named }
}

/**
 * A43: the number to be moved stands in PID-3 and in MRG-1, the persons that it was and is to be of are what else is there.
 * Where the two have none in common the numbers of MRG-1 are meant. HL7 v2.5 chapter 3, §3.3.43, §3.6.2.1.3.
 */
function movedNumbers(from: ResourceNode, to: ResourceNode, identities: Identities) {
  const own = identifiersIn(from.root)
  const theirs = identifiersIn(to.root)
  const isTheirs = ({ system, value }: NumberOf): boolean =>
    theirs.some((each) => each.system === system && each.value === value)
  const common = own.filter(isTheirs)
  const moved = common.length > 0 ? common : own
  identities.setAside(to, moved)
  const stays = own.filter((each) => !moved.includes(each))
  const target = idOf(to, identities)
  return moved.flatMap((number) => {
    const id = identities.ofNumber(from.type, number)
    if (target === undefined || target === id) return []
    return [{ does: 'move-number' as const, type: from.type, from: id, to: target, number, stays }]
  })
}

/** Known only where it has an identifier: what is told apart by the message alone is nobody else's. */
function idOf(resource: ResourceNode, identities: Identities): string | undefined {
  const identity = identities.of(resource)
  const isIdentified = objectsIn(resource.root, 'identifier').some(
    (each) => textAt(each, 'value') !== undefined,
  )
  return isIdentified && typeof identity === 'object' ? identity.id : undefined
}

function identifiersIn(root: Obj): NamedResource['identifiers'] {
  return objectsIn(root, 'identifier').flatMap((identifier) => {
    const [system, value] = [textAt(identifier, 'system'), textAt(identifier, 'value')]
    return system === undefined || value === undefined ? [] : [{ system, value }]
  })
}

function dropLinks(root: Obj, unwritten: ReadonlySet<ResourceNode>): void {
  const links = root.fields.get('link')?.items
  if (links === undefined) return
  for (const [key, item] of links) {
    const others = item.kind === 'object' ? objectsIn(item, 'other') : []
    if (others.some(({ resource }) => resource !== undefined && unwritten.has(resource))) links.delete(key)
  }
}

/** A number that the record still has is none of its former ones, whatever the message lists there. */
export function dropFormerTwins({ root }: ResourceNode): void {
  const items = root.fields.get('identifier')?.items
  if (items === undefined) return
  const isOld = (each: Obj): boolean => textAt(each, 'use') === 'old'
  const nameOf = (each: Obj): string => `${textAt(each, 'system') ?? ''}|${textAt(each, 'value') ?? ''}`
  const all = objectsIn(root, 'identifier')
  const current = new Set(all.filter((each) => !isOld(each)).map(nameOf))
  const former = new Set<string>()
  for (const [key, item] of items) {
    if (item.kind !== 'object' || !isOld(item)) continue
    const name = nameOf(item)
    if (current.has(name) || former.has(name)) items.delete(key)
    former.add(name)
  }
}
