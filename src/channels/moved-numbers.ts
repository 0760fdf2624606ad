/**
 * What becomes of the records themselves when a patient's number goes from one to another (A43): the one loses it, the
 * other has it, and a record that was merged for that number follows it. HL7 v2.5 chapter 3, §3.3.43.
 */
import { exactJsonOf, isObject, type JsonObject } from '../kernel/json.ts'
import type { MappedResource } from '../mapping/index.ts'
import type { Change, Names } from '../store/index.ts'

type Plan = Names['plan']
type Move = Plan['todo'][number]
type MovedNumber = NonNullable<Move['number']>

/** Those that get a number, where the message does not list it itself. */
export function withMovedNumbers(resources: readonly MappedResource[], plan: Plan): MappedResource[] {
  const moves = plan.todo.filter(({ number }) => number !== undefined)
  return resources.map((mapped) =>
    moves
      .filter(({ type, to }) => type === mapped.type && to === mapped.id)
      .reduce((heir, move) => withNumber(heir, move, plan), mapped),
  )
}

/** What changes in the records that the message does not write. */
export function changesOfMoves({ todo }: Plan): Change[] {
  return todo.flatMap(({ number, type, from, to, what }) => {
    if (number === undefined) return []
    const merged = what && `${type}/${what.id}`
    const former = change(type, from, (current) => withoutLink(withoutNumber(current, number), merged))
    if (what === undefined) return [former]
    const follows = change(type, what.id, (current) =>
      withLinkTurned(current, `${type}/${from}`, `${type}/${to}`),
    )
    return [former, follows]
  })
}

function change(type: string, id: string, make: (current: JsonObject) => JsonObject): Change {
  return { type, id, make: (current) => (current === undefined ? 'keep' : exactJsonOf(make(current.exact))) }
}

function withNumber(
  heir: MappedResource,
  { type, from, what, number }: Move,
  { stored }: Plan,
): MappedResource {
  const own = stored.get(`${type}/${heir.id}`)
  const former = stored.get(`${type}/${from}`)
  const has = [heir.resource, own === undefined ? {} : (JSON.parse(own) as JsonObject)].some((each) =>
    numbersIn(each).some((one) => isSame(one, number!)),
  )
  const known =
    former === undefined
      ? undefined
      : numbersIn(JSON.parse(former) as JsonObject).find((each) => isSame(each, number!))
  const got: JsonObject[] = has ? [] : [known ?? { ...number! }]
  const link: JsonObject[] = what ? [{ other: { reference: `${type}/${what.id}` }, type: 'replaces' }] : []
  const add = (resource: JsonObject): JsonObject => ({
    ...resource,
    identifier: [...numbersIn(resource), ...got],
    ...(link.length > 0 && { link: [...linksIn(resource), ...link] }),
  })
  return { ...heir, resource: add(heir.resource), exact: add(heir.exact) }
}

function withoutNumber(resource: JsonObject, number: MovedNumber): JsonObject {
  const { identifier: _all, ...rest } = resource
  const kept = numbersIn(resource).filter((each) => !isSame(each, number))
  return kept.length === 0 ? rest : { ...resource, identifier: kept }
}

function withoutLink(resource: JsonObject, name: string | undefined): JsonObject {
  const { link: _all, ...rest } = resource
  const kept = linksIn(resource).filter((link) => name === undefined || referenceOf(link) !== name)
  return kept.length === 0 ? rest : { ...resource, link: kept }
}

function withLinkTurned(resource: JsonObject, from: string, to: string): JsonObject {
  const link = linksIn(resource).map((each) =>
    referenceOf(each) === from ? { ...each, other: { reference: to } } : each,
  )
  return link.length === 0 ? resource : { ...resource, link }
}

function referenceOf({ other }: JsonObject): unknown {
  return isObject(other) ? other['reference'] : undefined
}

function isSame({ system, value }: JsonObject, number: MovedNumber): boolean {
  return system === number.system && value === number.value
}

function numbersIn({ identifier }: JsonObject): JsonObject[] {
  return Array.isArray(identifier) ? identifier.filter(isObject) : []
}

function linksIn({ link }: JsonObject): JsonObject[] {
  return Array.isArray(link) ? link.filter(isObject) : []
}
