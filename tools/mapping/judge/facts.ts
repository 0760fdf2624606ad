/**
 * How much of an expected bundle a conversion found. Ids say nothing about quality, so they are erased: resources are
 * paired by what they say (identifiers and codes first), then each fact, a path with its value, is looked up in the
 * partner. A reference is a fact too: that it leads to the partner of what it should lead to.
 */
import { isObject, type Json, type JsonObject } from '../../../src/kernel/json.ts'

export interface FactScore {
  readonly type: string
  readonly expected: number
  readonly found: number
  /** `Patient.name.family = "DURAND"`. */
  readonly missing: readonly string[]
}

interface Fact {
  readonly path: string
  readonly value: string
}

interface Node {
  readonly resource: JsonObject
  readonly type: string
  readonly facts: readonly Fact[]
  readonly references: readonly Fact[]
}

/** Found and missing facts by resource type. */
export function compareBundles(expected: JsonObject, actual: JsonObject): FactScore[] {
  const [wanted, given] = [nodesOf(expected), nodesOf(actual)]
  const partners = pair([...wanted.values()], [...given.values()])
  const scores = new Map<string, { expected: number; found: number; missing: string[] }>()
  for (const node of wanted.values()) {
    const score = scores.get(node.type) ?? { expected: 0, found: 0, missing: [] }
    scores.set(node.type, score)
    const partner = partners.get(node)
    const left = countsOf(partner?.facts ?? [])
    const count = (fact: Fact, isFound: boolean): void => {
      score.expected += 1
      if (isFound) score.found += 1
      else score.missing.push(`${fact.path} = ${JSON.stringify(fact.value)}`)
    }
    for (const fact of node.facts) count(fact, take(left, keyOf(fact)))
    for (const fact of node.references) {
      const target = wanted.get(fact.value)
      if (target === undefined) continue
      count({ path: fact.path, value: target.type }, leadsTo(partner, fact.path, partners.get(target), given))
    }
  }
  return [...scores].map(([type, score]) => ({ type, ...score }))
}

function leadsTo(
  partner: Node | undefined,
  path: string,
  target: Node | undefined,
  given: ReadonlyMap<string, Node>,
): boolean {
  if (partner === undefined || target === undefined) return false
  return partner.references.some((each) => each.path === path && given.get(each.value) === target)
}

/** The resources of a bundle under every name by which something in it may refer to them. */
function nodesOf(bundle: JsonObject): Map<string, Node> {
  const nodes = new Map<string, Node>()
  for (const entry of (bundle['entry'] as JsonObject[] | undefined) ?? []) {
    const { resource, fullUrl } = entry
    if (!isObject(resource)) continue
    const type = String(resource['resourceType'])
    const facts: Fact[] = []
    const references: Fact[] = []
    collect(resource, type, facts, references)
    const node = { resource, type, facts, references }
    nodes.set(`${type}/${String(resource['id'])}`, node)
    if (typeof fullUrl === 'string') nodes.set(fullUrl, node)
  }
  return nodes
}

const ERASED = new Set(['resourceType', 'id', 'meta', 'text', 'fullUrl'])

function collect(json: Json, path: string, facts: Fact[], references: Fact[]): void {
  if (Array.isArray(json)) for (const item of json) collect(item, path, facts, references)
  else if (isObject(json)) {
    for (const [name, value] of Object.entries(json)) {
      if (ERASED.has(name)) continue
      if (name === 'extension' && isForeign(value)) continue
      if (name === 'reference' && typeof value === 'string') references.push({ path, value })
      else collect(value, `${path}.${name}`, facts, references)
    }
  } else if (json !== null) facts.push({ path, value: normalised(String(json)) })
}

/** Extensions that a converter made for itself. */
function isForeign(extensions: Json): boolean {
  return (
    Array.isArray(extensions) &&
    extensions.every(
      (each) => isObject(each) && !/^http:\/\/(?:hl7\.org|terminology\.hl7\.org)\//.test(String(each['url'])),
    )
  )
}

/** Times as the moment they mean; texts without superfluous blanks. */
function normalised(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) {
    const time = Date.parse(text)
    if (Number.isFinite(time)) return new Date(time).toISOString()
  }
  return text.trim().replaceAll(/\s+/g, ' ')
}

const keyOf = ({ path, value }: Fact): string => `${path}\n${value}`

function countsOf(facts: readonly Fact[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const fact of facts) counts.set(keyOf(fact), (counts.get(keyOf(fact)) ?? 0) + 1)
  return counts
}

function take(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0
  if (left === 0) return false
  counts.set(key, left - 1)
  return true
}

/** Identifiers and codes say more about what a resource is than its other facts. */
const weightOf = ({ path }: Fact): number =>
  /^\w+\.identifier\.value$/.test(path)
    ? 20
    : /^\w+\.(?:code|vaccineCode|type)\.coding\.code$/.test(path)
      ? 10
      : 1

/** Each with the one it has most in common with, the closest pairs first. */
function pair(wanted: readonly Node[], given: readonly Node[]): Map<Node, Node> {
  const candidates = [...new Set(wanted)].flatMap((one) =>
    [...new Set(given)]
      .filter(({ type }) => type === one.type)
      .map((other) => ({ one, other, score: common(one, other) })),
  )
  const partners = new Map<Node, Node>()
  const taken = new Set<Node>()
  for (const { one, other } of candidates.toSorted((a, b) => b.score - a.score)) {
    if (partners.has(one) || taken.has(other)) continue
    partners.set(one, other)
    taken.add(other)
  }
  return partners
}

function common(one: Node, other: Node): number {
  const left = countsOf(other.facts)
  return one.facts.reduce((sum, fact) => sum + (take(left, keyOf(fact)) ? weightOf(fact) : 0), 0)
}
