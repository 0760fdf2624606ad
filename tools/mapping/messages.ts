/** Official message tables as ours: the group structure from begin and end rows, targets and references from the rest. */
import type { ElementTree } from '../../src/fhir/index.ts'
import { resolveTarget } from '../../src/mapping/v2/compile/resolve.ts'
import { parseTarget } from '../../src/mapping/v2/language/target.ts'
import { translateCondition } from './conditions.ts'
import { messageCorrections, type MessageCorrection } from './message-corrections.ts'
import { decideNarrative } from './narratives.ts'
import type { OfficialMessageRow } from './official.ts'
import type { MessageTableRow } from './rows.ts'
import { isMatch } from './corrections.ts'
import { baseTypeOf, type Outcome, type Translated } from './translate.ts'

export interface MessageDeps {
  readonly tree: ElementTree
  /** Names of the segment tables that have rows. */
  readonly segmentMaps: ReadonlySet<string>
}

export interface TranslatedMessage {
  /** Groups and segments in order, also those without a target. */
  readonly structure: readonly MessageTableRow[]
  readonly rows: readonly Translated<OfficialMessageRow, MessageTableRow>[]
}

export function translateMessage(
  deps: MessageDeps,
  official: readonly OfficialMessageRow[],
): TranslatedMessage {
  const structure: MessageTableRow[] = []
  const rows: Translated<OfficialMessageRow, MessageTableRow>[] = []
  const groups: string[] = []
  for (const row of official) {
    if (row.path === '') continue
    // One row of OML_O21 has the slash without ending a group.
    if (row.path.startsWith('/') && /^[\]}>\s]+$/.test(row.syntax)) {
      groups.pop()
      continue
    }
    if (/^[[{<\s]+$/.test(row.syntax)) {
      groups.push(row.path.split('.').at(-1)!)
      structure.push(emptyRow(`${groups.join('/')}/`, row.syntax.includes('{')))
      continue
    }
    const segment = /[A-Z][A-Z0-9]{2}/.exec(row.syntax)?.[0]
    if (segment === undefined) continue
    const path = [...groups, segment].join('/')
    const place = emptyRow(path, row.syntax.includes('{'))
    const outcome = row.target === '' ? undefined : translateRow(deps, official, row, path)
    if (outcome) rows.push({ official: row, outcome })
    const made = outcome && 'rule' in outcome ? outcome.rule : place
    const previous = structure.at(-1)
    if (previous?.path === path && previous.map === '' && made.map === '') continue
    if (previous?.path === path && previous.map === '') structure.pop()
    else if (previous?.path === path && made.map === '') continue
    structure.push({ ...made, repeats: place.repeats })
  }
  return { structure, rows }
}

function emptyRow(path: string, repeats: boolean): MessageTableRow {
  return {
    row: '',
    path,
    repeats: repeats ? '*' : '',
    when: '',
    to: '',
    map: '',
    references: '',
    origin: 'carried',
  }
}

function translateRow(
  { tree, segmentMaps }: MessageDeps,
  table: readonly OfficialMessageRow[],
  row: OfficialMessageRow,
  path: string,
): Outcome<MessageTableRow> {
  const correction = messageCorrections.find((each) => matches(each, row))
  if (correction?.leaveOut !== undefined) return { did: 'left-out', because: correction.leaveOut }
  const use = correction?.use ?? {}
  const segmentMap = use.map ?? row.segmentMap
  if (segmentMap === '') return { did: 'left-out', because: 'no table is given' }
  if (!segmentMaps.has(segmentMap)) return { did: 'left-out', because: `no row of ${segmentMap} is used` }
  const narrative = decideNarrative(row.narrative)
  if (!narrative) return { did: 'problem', because: `narrative condition: ${row.narrative}` }
  if ('leaveOut' in narrative) return { did: 'left-out', because: narrative.leaveOut }
  try {
    const to = use.to ?? row.target
    const official = use.when ?? translateCondition(row.condition, path.split('/').at(-1)!, true)
    const when = [official, use.when === undefined ? narrative.when : '', correction?.also ?? ''].filter(
      (each) => each !== '',
    )
    if (!/^[A-Z]\w*(\[\w+\])?$/.test(to)) throw new Error(`target ${to}`)
    if (baseTypeOf(segmentMap) !== to.split('[')[0]) throw new Error(`${segmentMap} does not make a ${to}`)
    const rule: MessageTableRow = {
      ...emptyRow(path, false),
      when:
        when.length < 2
          ? (when[0] ?? '')
          : when.map((each) => (/ or /.test(each) ? `(${each})` : each)).join(' and '),
      to,
      map: segmentMap,
      references: use.references ?? translateReferences(tree, table, to, row.references),
      origin: correction ? 'corrected' : 'carried',
    }
    return correction
      ? { did: 'corrected', rule, because: correction.because ?? '' }
      : { did: 'carried', rule }
  } catch (error) {
    return { did: 'problem', because: (error as Error).message }
  }
}

function matches(correction: MessageCorrection, row: OfficialMessageRow): boolean {
  const { map, path, target, segmentMap, condition } = correction
  if (condition !== undefined && !row.condition.includes(condition)) return false
  return (
    isMatch(map, row.map) &&
    isMatch(path, row.path) &&
    isMatch(target, row.target) &&
    isMatch(segmentMap, row.segmentMap)
  )
}

/** `Observation[2].subject.reference=Patient[1].id; …` → `Observation[2].subject = Patient[1]; …` */
function translateReferences(
  tree: ElementTree,
  table: readonly OfficialMessageRow[],
  to: string,
  text: string,
): string {
  const labels = new Set(table.map(({ target }) => target))
  const labelOf = (type: string, label: string | undefined): string => {
    if (to.startsWith(`${type}[`) || to === type) return to
    const named = label === undefined ? undefined : `${type}[${label}]`
    return named !== undefined && labels.has(named) ? named : labels.has(`${type}[1]`) ? `${type}[1]` : type
  }
  return text
    .split(/[;\n]/)
    .map((each) => each.replaceAll(/\s+/g, ''))
    .filter((each) => each !== '' && !/="/.test(each))
    .map((each) => {
      const found =
        /^([A-Z]\w*)(?:\[([\w.]+)\])?\.([\w.]+?)(?:\.reference|\.id)?=([A-Z]\w*)(?:\[([\w.]+)\])?(?:\.id)?$/.exec(
          each,
        )
      if (!found) throw new Error(`reference ${each}`)
      const [, from, fromLabel, path, type, label] = found
      const target = resolveTarget(tree, from!, parseTarget(`${path}>${type}`))
      return `${labelOf(from!, fromLabel)}.${target.steps.map(({ name }) => name).join('.')} = ${labelOf(type!, label)}`
    })
    .join('; ')
}
