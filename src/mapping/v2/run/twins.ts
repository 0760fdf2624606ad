/**
 * Who or what a message names in several ways is one resource: a doctor by a number with its authority here and without it
 * there, by two numbers, or by name alone; a ward with its hospital here and without it there.
 */
import { mergeInto, objectsIn, textAt, type Obj, type ResourceNode } from './tree.ts'

/** Each resource that is another one in other words, with that one; what it adds is said there. */
export function joinTwins(resources: Iterable<ResourceNode>): ReadonlyMap<ResourceNode, ResourceNode> {
  const all = [...new Set(resources)]
  return new Map([
    ...samePeople(all.filter(({ type }) => type === 'Practitioner')),
    ...samePlaces(all.filter(({ type }) => type === 'Location')),
  ])
}

interface PersonNumber {
  readonly system: string | undefined
  readonly value: string
  readonly object: Obj
}

/** Its parts without regard to case and accents; '' for what is not said. */
interface PersonName {
  readonly object: Obj
  readonly family: string
  readonly given: string
  /** A second given name and a suffix. */
  readonly more: readonly string[]
}

interface Person {
  readonly resource: ResourceNode
  readonly numbers: readonly PersonNumber[]
  readonly name: PersonName | undefined
}

/** Those who are named best come first: by a number of an authority that all know, else of one that says who it is. */
function samePeople(resources: readonly ResourceNode[]): [ResourceNode, ResourceNode][] {
  if (resources.length < 2) return []
  const people = resources.map(personOf).toSorted((one, other) => rank(one) - rank(other))
  const found: Person[] = []
  return people.flatMap((person): [ResourceNode, ResourceNode][] => {
    const same = found.filter((each) => isSame(each, person))
    const [one] = same
    if (one === undefined || same.length > 1) {
      if (person.numbers.length > 0) found.push(person)
      return []
    }
    const fresh = person.numbers.filter((number) => !isKnown(one, number))
    found[found.indexOf(one)] = {
      ...one,
      numbers: [...one.numbers, ...fresh],
      name: one.name ?? person.name,
    }
    mergeInto(one.resource.root, unsaid(one, person))
    return [[person.resource, one.resource]]
  })
}

function personOf(resource: ResourceNode): Person {
  const numbers = objectsIn(resource.root, 'identifier').flatMap((object): PersonNumber[] => {
    const value = textAt(object, 'value')
    return value === undefined ? [] : [{ system: textAt(object, 'system'), value, object }]
  })
  const [name] = objectsIn(resource.root, 'name')
  return { resource, numbers, name: name && nameOf(name) }
}

function nameOf(object: Obj): PersonName {
  const [family = ''] = textsIn(object, 'family')
  const [given = '', second = ''] = textsIn(object, 'given')
  const [suffix = ''] = textsIn(object, 'suffix')
  return { object, family, given, more: [second, suffix] }
}

function textsIn(object: Obj, name: string): string[] {
  return [...(object.fields.get(name)?.items.values() ?? [])].flatMap((item) =>
    item.kind === 'leaf' && item.json !== undefined ? [folded(String(JSON.parse(item.json)))] : [],
  )
}

function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').trim().toLowerCase()
}

function rank({ numbers }: Person): number {
  if (numbers.length === 0) return 3
  const systems = numbers.flatMap(({ system }) => system ?? [])
  if (systems.some((system) => !system.startsWith('urn:passerelle:'))) return 0
  return systems.length > 0 ? 1 : 2
}

/** By a number, unless the names are two; or by the whole name, unless one authority gave them two numbers. */
function isSame(one: Person, other: Person): boolean {
  const shares = other.numbers.some((number) => one.numbers.some((each) => isSameNumber(each, number)))
  if (shares) return !isOtherFamily(one.name, other.name) || sharesAuthority(one, other)
  if (one.name === undefined || other.name === undefined || !isSameName(one.name, other.name)) return false
  return !other.numbers.some(({ system }) => one.numbers.some((each) => each.system === system))
}

/** A number without an authority may be that of any. */
function isSameNumber(one: PersonNumber, other: PersonNumber): boolean {
  return (
    one.value === other.value &&
    (one.system === other.system || one.system === undefined || other.system === undefined)
  )
}

function sharesAuthority(one: Person, other: Person): boolean {
  return other.numbers.some(({ system, value }) =>
    one.numbers.some((each) => each.system === system && each.value === value),
  )
}

/**
 * A name without a given one is nobody's in particular. A second given name or a suffix counts where both say one: a father
 * is not his son.
 */
function isSameName(one: PersonName, other: PersonName): boolean {
  return (
    one.family !== '' &&
    one.given !== '' &&
    one.family === other.family &&
    one.given === other.given &&
    one.more.every((text, at) => text === '' || other.more[at] === '' || text === other.more[at])
  )
}

function isOtherFamily(one: PersonName | undefined, other: PersonName | undefined): boolean {
  const [first, second] = [one?.family ?? '', other?.family ?? '']
  return first !== '' && second !== '' && first !== second
}

function isKnown(person: Person, number: PersonNumber): boolean {
  return person.numbers.some((each) => isSameNumber(each, number))
}

/** What the second says of the first beyond the numbers and the name that are known; these gain what it says of them. */
function unsaid(one: Person, other: Person): Obj {
  const { root } = other.resource
  const fields = new Map(root.fields)
  const identifiers = fields.get('identifier')
  if (identifiers !== undefined) {
    const known = new Set(other.numbers.filter((number) => isKnown(one, number)))
    for (const number of known) {
      const same = one.numbers.find(({ system, value }) => system === number.system && value === number.value)
      if (same !== undefined) mergeInto(same.object, number.object)
    }
    const objects = new Set<unknown>([...known].map(({ object }) => object))
    const items = new Map([...identifiers.items].filter(([, item]) => !objects.has(item)))
    fields.set('identifier', { ...identifiers, items })
  }
  if (one.name !== undefined && other.name !== undefined && isSameName(one.name, other.name)) {
    mergeInto(one.name.object, other.name.object)
    fields.delete('name')
  }
  return { ...root, fields }
}

/** What may be left unsaid of where a ward is: floor, building and site. */
const AROUND: ReadonlySet<string> = new Set(['lvl', 'bu', 'si'])

interface Place {
  readonly resource: ResourceNode
  /** From the place itself outwards. */
  readonly chain: readonly { readonly kind: string; readonly key: string }[]
}

function samePlaces(resources: readonly ResourceNode[]): [ResourceNode, ResourceNode][] {
  if (resources.length < 2) return []
  const places = resources.map((resource): Place => ({ resource, chain: chainOf(resource) }))
  return places.flatMap((place): [ResourceNode, ResourceNode][] => {
    const fuller = places.filter((each) => saysMore(each, place))
    const longest = Math.max(...fuller.map(({ chain }) => chain.length))
    const [one, ...others] = fuller.filter(({ chain }) => chain.length === longest)
    if (one === undefined || others.some((each) => keyOf(each) !== keyOf(one))) return []
    const { root } = place.resource
    const fields = new Map([...root.fields].filter(([name]) => name !== 'partOf'))
    mergeInto(one.resource.root, { ...root, fields })
    return [[place.resource, one.resource]]
  })
}

function chainOf(resource: ResourceNode): Place['chain'] {
  const chain: { kind: string; key: string }[] = []
  for (let at: ResourceNode | undefined = resource; at !== undefined; at = above(at)) {
    const kind = textAt(at.root, 'physicalType.coding.code') ?? ''
    const number = ['system', 'value'].map((part) => textAt(at!.root, `identifier.${part}`) ?? '')
    chain.push({ kind, key: [kind, ...number].join('|') })
  }
  return chain
}

function above({ root }: ResourceNode): ResourceNode | undefined {
  return objectsIn(root, 'partOf')[0]?.resource
}

function keyOf({ chain }: Place): string {
  return chain.map(({ key }) => key).join('>')
}

/** The same place with more of what is around it. */
function saysMore(fuller: Place, place: Place): boolean {
  if (fuller.chain.length <= place.chain.length || fuller.chain[0]!.key !== place.chain[0]!.key) return false
  let at = 0
  for (const { kind, key } of fuller.chain) {
    if (place.chain[at]?.key === key) at += 1
    else if (!AROUND.has(kind)) return false
  }
  return at === place.chain.length
}
