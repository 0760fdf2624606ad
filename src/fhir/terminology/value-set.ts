/**
 * A value set as a set of codes, put together from its composition and from what that draws in.
 * https://hl7.org/fhir/R4/valueset.html#compositions
 */
import type {
  ValueSet as ValueSetResource,
  ValueSetCompose,
  ValueSetComposeInclude,
  ValueSetExpansion,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes'
import { Failure } from '../../kernel/failure.ts'
import { type Budget, type Limits, makeBudget } from './budget.ts'
import { type Canonical, parseCanonical, printable } from './canonical.ts'
import {
  type CodeSet,
  difference,
  intersection,
  listedCodes,
  restricted,
  systemCodes,
  union,
  unknownCodes,
  valueSetCodes,
} from './code-set.ts'
import type { CodeSystem } from './code-system.ts'
import type { Coding } from './coding.ts'
import { isInactive, selectCodes } from './filters.ts'

/** As much of the resource as there is here. */
export type ValueSet = Pick<ValueSetResource, 'compose' | 'expansion'>

/** Where code systems and value sets come from. */
export interface TerminologyContent {
  /** undefined: none, or none whose codes are known. */
  codeSystem(canonical: Canonical): Promise<CodeSystem | undefined>
  valueSet(canonical: Canonical): Promise<ValueSet | undefined>
}

/** What the value sets that were drawn in so far have in common. */
interface Resolution {
  readonly content: TerminologyContent
  readonly limits: Limits
  readonly budget: Budget
  /** By canonical URL. */
  readonly done: Map<string, CodeSet>
  /** By URL: those that were looked up, for what is inactive. */
  readonly systems: Map<string, CodeSystem>
  /** Codes that are listed one by one. */
  listed: number
}

export interface WeighedSet {
  readonly set: CodeSet
  /** Codes that it holds on to. */
  readonly weight: number
}

/** Never fails because of what the value set says: what can't be known of it is unknown, and listing it tells why. */
export function resolveValueSet(
  canonical: string,
  content: TerminologyContent,
  limits: Limits,
): Promise<WeighedSet> {
  return weighed(content, limits, (resolution) => resolve(canonical, [], resolution))
}

/** As resolveValueSet, of a value set that is at hand. */
export function composeValueSet(
  valueSet: ValueSet,
  content: TerminologyContent,
  limits: Limits,
): Promise<WeighedSet> {
  return weighed(content, limits, (resolution) => codesOf(valueSet, [], resolution))
}

async function weighed(
  content: TerminologyContent,
  limits: Limits,
  run: (resolution: Resolution) => Promise<CodeSet>,
): Promise<WeighedSet> {
  const budget = makeBudget(limits)
  const resolution: Resolution = { content, limits, budget, done: new Map(), systems: new Map(), listed: 0 }
  const set = await run(resolution)
  let weight = resolution.listed
  for (const { size } of resolution.systems.values()) weight += size
  return { set, weight }
}

/** One after the other, so that what is being worked on is always on the way here: a circle shows at once. */
async function resolve(canonical: string, way: readonly string[], resolution: Resolution): Promise<CodeSet> {
  const known = resolution.done.get(canonical)
  if (known !== undefined) return known
  const url = printable(canonical)
  if (way.includes(canonical)) return unknownCodes(new Failure('invalid', 'value-set-circular', { url }))
  const set = await orUnknown(async () => {
    resolution.budget.valueSet()
    const found = await resolution.content.valueSet(parseCanonical(canonical))
    if (found === undefined) throw new Failure('not-found', 'value-set-unknown', { url })
    return codesOf(found, [...way, canonical], resolution)
  })
  resolution.done.set(canonical, set)
  return set
}

async function codesOf(
  { compose, expansion }: ValueSet,
  way: readonly string[],
  resolution: Resolution,
): Promise<CodeSet> {
  const expanded = expansion && expandedCodes(expansion, resolution)
  const composed = compose
    ? await composedCodes(compose, way, resolution)
    : (expanded ?? unknownCodes(new Failure('not-found', 'value-set-empty')))
  return valueSetCodes(composed, expanded, resolution.limits)
}

async function composedCodes(
  compose: ValueSetCompose,
  way: readonly string[],
  resolution: Resolution,
): Promise<CodeSet> {
  const skipsInactive = compose.inactive === false
  const part = (include: ValueSetComposeInclude) => includedCodes(include, way, resolution, skipsInactive)
  const included = union(await inOrder(compose.include, part))
  const all = compose.exclude?.length
    ? difference(included, union(await inOrder(compose.exclude, part)))
    : included
  if (!skipsInactive) return all
  return restricted(all, ({ system, code }) => {
    const concept = resolution.systems.get(system)?.concept(code)
    return concept === undefined || !isInactive(concept)
  })
}

/** What is of the system, and in all of the value sets. */
async function includedCodes(
  include: ValueSetComposeInclude,
  way: readonly string[],
  resolution: Resolution,
  needsSystem: boolean,
): Promise<CodeSet> {
  const { system, valueSet = [] } = include
  const ofSystem = system === undefined ? [] : [await ofSystemCodes(system, include, resolution, needsSystem)]
  const imported = await inOrder(valueSet, (canonical) => resolve(canonical, way, resolution))
  const parts = [...ofSystem, ...imported]
  return parts.length === 0 ? listedCodes([]) : intersection(parts)
}

function ofSystemCodes(
  systemUrl: string,
  { version, concept, filter }: ValueSetComposeInclude,
  resolution: Resolution,
  needsSystem: boolean,
): Promise<CodeSet> {
  const { content, budget, systems } = resolution
  const { url, version: inUrl } = parseCanonical(systemUrl)
  return orUnknown(async () => {
    const isListed = concept !== undefined && concept.length > 0
    const found =
      isListed && !needsSystem ? undefined : await content.codeSystem({ url, version: version ?? inUrl })
    if (found) systems.set(url, found)
    resolution.listed += concept?.length ?? 0
    if (isListed) return listedCodes(concept.map(({ code }) => ({ system: url, code: code! })))
    if (found === undefined) throw new Failure('not-found', 'code-system-unknown', { url: printable(url) })
    return systemCodes(found, filter?.length ? selectCodes(found, filter, budget) : undefined)
  }, url)
}

const UNCLOSED = 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed'

/** undefined when it lists only part of the value set. https://hl7.org/fhir/R4/valueset.html#expansion */
function expandedCodes(expansion: ValueSetExpansion, resolution: Resolution): CodeSet | undefined {
  const { contains = [], total = 0, offset = 0, parameter = [], extension = [] } = expansion
  const entries = [...flattened(contains)]
  resolution.listed += entries.length
  const isPart =
    offset > 0 ||
    total > entries.length ||
    parameter.some(({ name }) => name === 'filter') ||
    extension.some(({ url, valueBoolean }) => url === UNCLOSED && valueBoolean === true)
  return isPart ? undefined : listedCodes(entries.flatMap(codingOf))
}

function* flattened(entries: readonly ValueSetExpansionContains[]): Generator<ValueSetExpansionContains> {
  for (const entry of entries) {
    yield entry
    if (entry.contains) yield* flattened(entry.contains)
  }
}

/** `abstract` entries are only there to find one's way. */
function codingOf({ system, code, abstract }: ValueSetExpansionContains): Coding[] {
  return system === undefined || code === undefined || abstract === true ? [] : [{ system, code }]
}

/** A Failure makes the codes unknown; what else goes wrong goes on. */
async function orUnknown(make: () => Promise<CodeSet>, system?: string): Promise<CodeSet> {
  try {
    return await make()
  } catch (thrown) {
    if (thrown instanceof Failure && OF_CONTENT.has(thrown.kind)) return unknownCodes(thrown, system)
    throw thrown
  }
}

/** Failures that come from what a value set says, and not from the database being away. */
const OF_CONTENT: ReadonlySet<string> = new Set(['not-found', 'invalid', 'unsupported'])

async function inOrder<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await run(item))
  return results
}
