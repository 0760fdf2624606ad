/** Verdicts for people. */
import type { Verdict } from './verdict.ts'

export function printVerdict(verdict: Verdict, isVerbose: boolean): string {
  const { name, type, outcome, reason, resources, invalid, dangling, warnings, facts } = verdict
  const types = Object.entries(resources).map(([each, count]) => `${count} ${each}`)
  return [
    `${name}  ${type}  ${outcome}${reason === '' ? '' : `: ${reason}`}  ${types.join(', ')}`,
    ...invalid.map((each) => `  invalid   ${each}`),
    ...dangling.map((each) => `  dangling  ${each}`),
    ...(isVerbose ? warnings.map((each) => `  warning   ${each}`) : []),
    ...facts.map(({ type: of, expected, found }) => `  facts     ${of} ${found} of ${expected}`),
    ...(isVerbose ? facts.flatMap(({ missing }) => missing.map((each) => `  missing   ${each}`)) : []),
  ].join('\n')
}

/** Fields that are nowhere in the resources, most frequent first, with one example each. */
export function printUnsaid(verdicts: readonly Verdict[]): string {
  const fields = new Map<string, { count: number; text: string; in: string }>()
  for (const { unsaid, type } of verdicts) {
    for (const { path, text } of unsaid) {
      const known = fields.get(path)
      if (known) known.count += 1
      else fields.set(path, { count: 1, text, in: type })
    }
  }
  return [...fields]
    .toSorted(([, a], [, b]) => b.count - a.count)
    .map(([path, { count, text, in: where }]) => `unsaid ${count}\t${path}\t${where}\t${text.slice(0, 60)}`)
    .join('\n')
}

export function printTotals(verdicts: readonly Verdict[]): string {
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((each) => each.outcome === outcome).length
  const sum = (of: (verdict: Verdict) => number): number =>
    verdicts.reduce((total, each) => total + of(each), 0)
  const resources = sum(({ resources: each }) => Object.values(each).reduce((a, b) => a + b, 0))
  const [expected, found] = [
    sum(({ facts }) => facts.reduce((total, each) => total + each.expected, 0)),
    sum(({ facts }) => facts.reduce((total, each) => total + each.found, 0)),
  ]
  return [
    `${verdicts.length} messages: ${count('converted')} converted, ${count('kept')} kept without a table, ` +
      `${count('held')} held, ${count('failed')} failed`,
    `${resources} resources, ${sum(({ invalid }) => invalid.length)} findings of the validator, ` +
      `${sum(({ dangling }) => dangling.length)} dangling references`,
    ...(expected === 0
      ? []
      : [`${found} of ${expected} facts found (${((100 * found) / expected).toFixed(1)} %)`]),
  ].join('\n')
}
