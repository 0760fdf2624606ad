/** Message tables → the group structure that segments are sorted into, with the rules at each place. */
import { parseReassignment } from '../language/reassignment.ts'
import { parseTarget } from '../language/target.ts'
import { LanguageError } from '../language/tokens.ts'
import type { CompiledMap, GroupPlace, MessageRule, Reference, SegmentPlace, Structure } from '../program.ts'
import { compileCondition, type MapInput } from './maps.ts'
import { resolveTarget } from './resolve.ts'
import type { Row, Table } from './tables.ts'

export interface StructureInput extends Omit<MapInput, 'vocabularies'> {
  readonly maps: ReadonlyMap<string, CompiledMap>
}

interface OpenGroup extends GroupPlace {
  readonly children: (OpenGroup | OpenSegment)[]
}
interface OpenSegment extends SegmentPlace {
  readonly rules: MessageRule[]
}

/** Where the rows of one label stand. */
interface Standing {
  readonly groups: readonly string[]
  readonly place: SegmentPlace
}

export function compileStructures(input: StructureInput): Map<string, Structure> {
  return new Map(input.tables.messages.map((table) => [table.name, compileStructure(input, table)]))
}

function compileStructure(input: StructureInput, { file, name, rows }: Table): Structure {
  const root: OpenGroup = { kind: 'group', name, repeats: false, children: [] }
  const standings = new Map<string, Standing[]>()
  for (const row of rows) {
    const { path = '', repeats = '', to = '', row: id = '' } = row
    const names = path.split('/')
    const segment = names.pop()!
    if (segment === '') {
      const group = names.pop()!
      groupAt(root, names).children.push({
        kind: 'group',
        name: group,
        repeats: repeats === '*',
        children: [],
      })
      continue
    }
    const group = input.attempt(file, id, () => groupAt(root, names))
    if (!group) continue
    const place = placeIn(group, segment, repeats === '*')
    if (to === '') continue
    const rule = input.attempt(file, id, () => compileMessageRule(input, name, row))
    if (!rule) continue
    place.rules.push(rule)
    standings.set(rule.label, [...(standings.get(rule.label) ?? []), { groups: names, place }])
  }
  addHeader(input, root, standings)
  checkLabels(input, file, root, standings)
  const scopes = new Map([...standings].map(([label, at]) => [label, scopeOf(at)]))
  return { name, root, scopes }
}

/** The rows of header.tsv, at those segments that the structure has at its top. */
function addHeader(input: StructureInput, root: OpenGroup, standings: Map<string, Standing[]>): void {
  for (const row of input.tables.header) {
    const { path = '', row: id = '' } = row
    const place = root.children.find((child) => child.kind === 'segment' && child.name === path)
    if (place?.kind !== 'segment') continue
    const rule = input.attempt('header.tsv', id, () => compileMessageRule(input, 'header', row))
    if (!rule) continue
    place.rules.push(rule)
    standings.set(rule.label, [...(standings.get(rule.label) ?? []), { groups: [], place }])
  }
}

function groupAt(root: OpenGroup, names: readonly string[]): OpenGroup {
  let group = root
  for (const name of names) {
    const found = group.children.findLast((child) => child.kind === 'group' && child.name === name)
    if (found?.kind !== 'group')
      throw new LanguageError(`there is no group ${names.join('/')} before this row`)
    group = found
  }
  return group
}

/** Rows that follow each other with one path are one place. */
function placeIn(group: OpenGroup, name: string, repeats: boolean): OpenSegment {
  const last = group.children.at(-1)
  if (last?.kind === 'segment' && last.name === name) return last
  const place: OpenSegment = { kind: 'segment', name, repeats, rules: [] }
  group.children.push(place)
  return place
}

function compileMessageRule(
  { tree, maps, switches }: StructureInput,
  structure: string,
  row: Row,
): MessageRule {
  const { row: id = '', to = '', map: mapName = '', when = '', references = '' } = row
  const type = to.split('[')[0]!
  // A row that only says what refers to what.
  const onlyRefers = mapName === '' && references !== ''
  const map = onlyRefers ? { name: type, base: type, rules: [] } : maps.get(mapName)
  if (!map) throw new LanguageError(`there is no table ${mapName}`)
  if (map.base !== type) throw new LanguageError(`${mapName} makes no ${type}`)
  const statements = references
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const reassignments = statements.map(parseReassignment)
  return {
    id: `${structure} ${id}`,
    when: when === '' ? undefined : compileCondition(when, switches),
    label: to,
    type,
    map,
    references: statements
      .filter((_, at) => reassignments[at] === undefined)
      .map((each): Reference => compileReference(tree, each)),
    reassignments: reassignments.filter((each) => each !== undefined),
  }
}

function compileReference(tree: StructureInput['tree'], text: string): Reference {
  const found = /^(([A-Z]\w*)(?:\[\w+\])?)\.(\S+) = (([A-Z]\w*)(?:\[\w+\])?)$/.exec(text)
  if (!found) throw new LanguageError(`"${text}" is not a reference`)
  const [, from, fromType, path, target, targetType] = found
  const { steps } = resolveTarget(tree, fromType!, parseTarget(`${path}>${targetType}`))
  return { from: from!, steps, to: target! }
}

function checkLabels(
  input: StructureInput,
  file: string,
  root: OpenGroup,
  standings: ReadonlyMap<string, unknown>,
): void {
  const visit = (place: OpenGroup | OpenSegment): void => {
    if (place.kind === 'group') place.children.forEach(visit)
    else {
      for (const { id, references, reassignments } of place.rules) {
        const labels = [
          ...references.flatMap(({ from, to }) => [from, to]),
          ...reassignments.flatMap(({ from, to, what }) => [from, to, ...(what === undefined ? [] : [what])]),
        ]
        const unknown = labels.find((label) => !standings.has(label))
        if (unknown !== undefined) input.report(file, id, `no row makes ${unknown}`)
      }
    }
  }
  visit(root)
}

/**
 * One instance of a label lives as long as the innermost group that holds all its rows. Where each of its rows stands at
 * a segment that repeats, each segment makes one.
 */
function scopeOf(standings: readonly Standing[]): number | 'each' {
  if (standings.every(({ place }) => place.repeats)) return 'each'
  const [first, ...others] = standings.map(({ groups }) => groups)
  const shared = first!.findIndex((name, at) => others.some((groups) => groups[at] !== name))
  return shared === -1 ? first!.length : shared
}
