/** One official row → one row of ours, or the reason why there is none. Pure: tables and corrections in, outcomes out. */
import type { ElementTree } from '../../src/fhir/index.ts'
import { resolveTarget } from '../../src/mapping/v2/compile/resolve.ts'
import { parseExpression } from '../../src/mapping/v2/language/expression.ts'
import { parseTarget } from '../../src/mapping/v2/language/target.ts'
import { translateCodes } from './codes.ts'
import { translateCondition } from './conditions.ts'
import { isMatch, type RuleCorrection } from './corrections.ts'
import { decideNarrative } from './narratives.ts'
import type { OfficialRule, OfficialTables } from './official.ts'
import type { Origin, RuleRow } from './rows.ts'
import { dropLabels, translateTarget } from './targets.ts'

export type Outcome<Row> =
  | { readonly did: 'carried' | 'corrected'; readonly rule: Row; readonly because?: string }
  /** The constant url of an extension, now part of the path of its value. */
  | { readonly did: 'folded' }
  | { readonly did: 'left-out'; readonly because: string }
  | { readonly did: 'problem'; readonly because: string }

export interface Translated<Official, Row> {
  readonly official: Official
  readonly outcome: Outcome<Row>
}

/** The FHIR type that a table makes: `PID[Patient]` → Patient, `CWE[Timing-DurationUnit]` → Timing. */
export function baseTypeOf(map: string): string {
  const flavour = /\[(.*)\]$/.exec(map)?.[1] ?? ''
  const base = flavour.split(/[-.]/)[0]!
  return base
}

export interface TranslateDeps {
  readonly tree: ElementTree
  readonly tables: OfficialTables
  readonly corrections: readonly RuleCorrection[]
}

export function translateMap(
  { tree, tables, corrections }: TranslateDeps,
  kind: 'segments' | 'datatypes',
  map: string,
  rows: readonly OfficialRule[],
): Translated<OfficialRule, RuleRow>[] {
  const names = nameLookup(tables)
  const urls = extensionUrls(kind, map, rows)
  return rows
    .filter(({ target }) => target !== '')
    .map((official) => {
      const correction = corrections.find((each) => matches(each, official))
      if (correction?.leaveOut !== undefined) {
        return { official, outcome: { did: 'left-out', because: correction.leaveOut } }
      }
      try {
        return { official, outcome: translateRow({ tree, names, urls, kind, official, correction }) }
      } catch (error) {
        return { official, outcome: { did: 'problem', because: (error as Error).message } }
      }
    })
}

function matches(correction: RuleCorrection, official: OfficialRule): boolean {
  const { map, source, target, condition } = correction
  return (
    isMatch(map, official.map) &&
    isMatch(source, official.source) &&
    isMatch(target, official.target) &&
    (condition === undefined || official.condition.includes(condition))
  )
}

interface RowInput {
  readonly tree: ElementTree
  readonly names: NameLookup
  readonly urls: ReadonlyMap<string, string>
  readonly kind: 'segments' | 'datatypes'
  readonly official: OfficialRule
  readonly correction: RuleCorrection | undefined
}

function translateRow({ tree, names, urls, kind, official, correction }: RowInput): Outcome<RuleRow> {
  const from = sourceOf(kind, official)
  const narrative = decideNarrative(official.narrative)
  const use = typeof correction?.use === 'function' ? correction.use(official) : (correction?.use ?? {})
  if (use.when === undefined) {
    if (!narrative) return { did: 'problem', because: `narrative condition: ${official.narrative}` }
    if ('leaveOut' in narrative) return { did: 'left-out', because: narrative.leaveOut }
  }
  const { to: path, constant } = translateTarget(official.target)
  const to = withHop(tree, official.map, names.map(official.typeMap), path)
  if (use.to === undefined && urls.get(`${from} ${to}`) !== undefined) return { did: 'folded' }
  const rule: RuleRow = {
    row: '',
    from: use.from ?? from,
    when: use.when ?? whenOf(kind, official, narrative),
    to: use.to ?? withUrls(from, to, urls),
    type: use.type ?? names.map(official.typeMap),
    vocabulary: use.vocabulary ?? names.vocabulary(official.vocabulary),
    value: use.value ?? valueOf(official.assignment, constant),
    origin: 'carried' satisfies Origin,
  }
  if (use.to === undefined) rule.to = dropLabels(rule.to, isListIn(tree, official.map))
  check(tree, official.map, rule)
  return correction
    ? { did: 'corrected', rule: { ...rule, origin: 'corrected' }, because: correction.because ?? '' }
    : { did: 'carried', rule }
}

/** A table that makes a resource, applied to a reference, makes the resource referred to: `individual` → `individual>Practitioner`. */
function withHop(tree: ElementTree, map: string, typeMap: string, to: string): string {
  const made = baseTypeOf(typeMap)
  if (!/^[A-Z]/.test(made) || to.endsWith(`>${made}`) || !tree.elementOf(`${made}.id`)) return to
  try {
    const { type } = resolveTarget(
      tree,
      baseTypeOf(map),
      parseTarget(to.replaceAll(/extension\[\w+\]/g, 'extension')),
    )
    return type === 'Reference' && tree.elementOf(`${made}.meta`) ? `${to}>${made}` : to
  } catch {
    return to
  }
}

function whenOf(
  kind: 'segments' | 'datatypes',
  official: OfficialRule,
  narrative: ReturnType<typeof decideNarrative>,
): string {
  const parts = [
    translateCondition(official.condition, sourceOf(kind, official), kind === 'segments'),
    narrative && 'when' in narrative ? narrative.when : '',
  ].filter((part) => part !== '')
  return parts.length < 2
    ? (parts[0] ?? '')
    : parts.map((part) => (/ or /.test(part) ? `(${part})` : part)).join(' and ')
}

/** `PID-3`, `CX.4`, or the whole (`PID`, `CX`) for the rows numbered 0. */
function sourceOf(kind: 'segments' | 'datatypes', { map, source, sort }: OfficialRule): string {
  const name = map.split('[')[0]!
  const number = /[-.](\d+)$/.exec(source)?.[1] ?? (/^\d+$/.test(sort) && source !== '' ? sort : '')
  if (number === '' || number === '0' || (source === name && sort === '0')) return name
  return kind === 'segments' ? `${name}-${number}` : `${name}.${number}`
}

/** `"a"+X.1+" "X.2` with its quotes and plus signs put right; prose between slashes is no value. */
function valueOf(assignment: string, constant: string | undefined): string {
  if (assignment === '') return constant === undefined ? '' : JSON.stringify(constant)
  if (/^[/#]|^https?:|^[a-z]+$/.test(assignment)) throw new Error(`assignment in prose: ${assignment}`)
  const terms = assignment.match(/"[^"]*"|[A-Z][A-Z0-9]{1,3}[-.]\d+(?:\.\d+)?/g) ?? []
  const value = terms.map((term) =>
    term.startsWith('"')
      ? JSON.stringify(term.slice(1, -1).trim() === '' ? term.slice(1, -1) : term.slice(1, -1))
      : term,
  )
  const text = value.join(' + ')
  parseExpression(text)
  return text
}

/** Rows that only say an extension's url: `field path-of-extension.url` → url. */
function extensionUrls(
  kind: 'segments' | 'datatypes',
  map: string,
  rows: readonly OfficialRule[],
): Map<string, string> {
  const urls = new Map<string, string>()
  for (const official of rows) {
    const { to, constant } = translateTarget(official.target)
    const url = /^"?\s*([^"]*)"?$/.exec(official.assignment)?.[1] || constant
    if (!/extension(?:\[\w+\])?\.ur[il]$/.test(to) || !url) continue
    urls.set(`${sourceOf(kind, { ...official, map })} ${to}`, url.trim())
  }
  return urls
}

function withUrls(from: string, to: string, urls: ReadonlyMap<string, string>): string {
  const steps = to.split('.')
  return steps
    .map((step, at) => {
      if (!/extension(?:\[\w+\])?$/.test(step)) return step
      const prefix = steps.slice(0, at + 1).join('.')
      const url = urls.get(`${from} ${prefix}.url`) ?? urls.get(`${from} ${prefix}.uri`)
      return url === undefined ? step : `${step.replace(/\[\w+\]$/, '')}("${url}")`
    })
    .join('.')
}

function isListIn(tree: ElementTree, map: string): (path: string) => boolean {
  return (path) => {
    try {
      return resolveTarget(tree, baseTypeOf(map), parseTarget(path)).steps.at(-1)?.list ?? true
    } catch {
      return true
    }
  }
}

function check(tree: ElementTree, map: string, rule: RuleRow): void {
  if (/extension(?!\()/.test(rule.to.replaceAll(/"[^"]*"/g, '')))
    throw new Error(`extension without a url: ${rule.to}`)
  const target = resolveTarget(tree, baseTypeOf(map), parseTarget(rule.to))
  if (target.self !== undefined || rule.type !== '' || rule.value !== '') return
  if (!target.primitive) throw new Error(`${rule.to} is a ${target.type} and no type map is given`)
}

interface NameLookup {
  map(name: string): string
  vocabulary(name: string): string
}

/** References to tables differ from file names by case, slash and space. */
function nameLookup(tables: OfficialTables): NameLookup {
  const bare = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9[\].-]/g, '')
  const maps = new Map([...tables.datatypes.keys()].map((name) => [bare(name), name]))
  // A table without codes, as most user-defined ones, is no vocabulary.
  const codes = new Map(
    [...tables.codesystems].map(([name, rows]) => {
      const used = translateCodes(name, rows).some(({ outcome }) => 'rule' in outcome)
      return [bare(name), used ? name : '']
    }),
  )
  const find = (found: ReadonlyMap<string, string>, name: string): string => {
    if (name === '') return ''
    const known = found.get(bare(name))
    if (known === undefined) throw new Error(`no table ${name}`)
    return known
  }
  return { map: (name) => find(maps, name), vocabulary: (name) => find(codes, name) }
}
