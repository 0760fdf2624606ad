/**
 * What stands together in the bases of a composite, where there are several: kept in the resource's own row only, since
 * the components' own parameters find the candidates (fhir/search/components.ts).
 */
import { type CompositeEntry, foldCode, normalise, type ValueEntries } from '../fhir/index.ts'
import { tupleHash } from './hash.ts'
import { dateRange, numberRange, type Range, unitRanges } from './index-ranges.ts'

/** Marks, among the parameters that are present, a composite whose bases are several. */
export const NOT_ALONE = '#'

interface TupleString {
  readonly param: string
  readonly value: string
  readonly written: string
}

/** A component's values that are equal or not, each spelled in all the ways that a search may ask for it. */
export const spell = {
  code: (code: string) => `c${foldCode(code)}`,
  token: (system: string, code: string) => `t${system}|${foldCode(code)}`,
  system: (system: string) => `s${system}`,
  reference: (target: string) => `r${target}`,
  uri: (uri: string) => `u${uri}`,
}

export function tupleRows(
  type: string,
  composites: readonly CompositeEntry[],
): { ranges: Range[]; strings: TupleString[] } {
  const ranges: Range[] = []
  const strings: TupleString[] = []
  for (const { param, bases, parts } of composites) {
    if (bases < 2) continue
    const hashOf = (combination: readonly string[], ordered: string) =>
      tupleHash(type, param, combination, ordered)
    for (const combination of combinations(parts.map(discreteOf).filter((values) => values.length > 0))) {
      const ordered = parts.flatMap((part, i) => orderedOf(part, String(i)))
      const texts = parts.flatMap((part, i) => part.strings.map(({ value }) => ({ value, at: String(i) })))
      for (const { key, lo, hi } of ordered) ranges.push({ param: hashOf(combination, key), lo, hi })
      for (const { value, at } of texts)
        strings.push({ param: hashOf(combination, at), value: normalise(value), written: value })
      if (ordered.length === 0 && texts.length === 0)
        ranges.push({ param: hashOf(combination, ''), lo: '0', hi: '0' })
    }
  }
  return { ranges, strings }
}

function discreteOf({ tokens, references, uris }: ValueEntries): string[] {
  return [
    ...tokens
      .filter(({ param }) => !param.includes(':'))
      .flatMap(({ system, code }) => [
        spell.code(code),
        spell.token(system ?? '', code),
        ...(system === undefined ? [] : [spell.system(system)]),
      ]),
    ...references.map(({ target }) => spell.reference(target)),
    ...uris.map(({ value }) => spell.uri(value)),
  ]
}

/** `key`: the component's place, and its unit. */
function orderedOf(part: ValueEntries, at: string): { key: string; lo: string; hi: string }[] {
  return [
    ...part.dates.map(({ from, to }) => ({ key: at, ...dateRange(from, to) })),
    ...part.numbers.map((entry) => ({ key: at, ...numberRange(entry) })),
    ...part.quantities.flatMap((entry) => {
      const { found, tested } = unitRanges('', { ...entry, param: '' })
      const inUnits = [...found, ...tested].map(({ param, lo, hi }) => ({ key: `${at} ${param}`, lo, hi }))
      return [{ key: at, ...numberRange(entry) }, ...inUnits]
    }),
  ]
}

/** One of each list, in every way. */
function combinations(lists: readonly (readonly string[])[]): string[][] {
  return lists.reduce<string[][]>(
    (found, list) => found.flatMap((left) => list.map((one) => [...left, one])),
    [[]],
  )
}
