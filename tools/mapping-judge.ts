/**
 * Judges conversions: for each message whether it was converted, which resources came of it, what is invalid as R4, what
 * refers to nothing; and where a bundle lies beside a message (`x.hl7`, `x.json`), how many of its facts were found.
 *   npm run mapping:judge -- FILE|FOLDER …  [-v] [--unsaid] [--json]
 * -v: every message, with warnings and missing facts. --unsaid: fields whose text is nowhere in the resources, counted.
 * Fails when a message failed, a resource is invalid or a reference dangles.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readSources } from './mapping/judge/sources.ts'
import { makeJudge, type Verdict } from './mapping/judge/verdict.ts'
import { printTotals, printUnsaid, printVerdict } from './mapping/judge/print.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    verbose: { type: 'boolean', short: 'v', default: false },
    unsaid: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (positionals.length === 0) {
  console.error('Say which messages: npm run mapping:judge -- FILE|FOLDER … [-v] [--unsaid] [--json]')
  process.exit(2)
}
const judge = await makeJudge(fileURLToPath(new URL('../config/mapping/', import.meta.url)))
const verdicts = positionals.flatMap(readSources).map(judge)
if (values.json) console.log(JSON.stringify(verdicts, undefined, 2))
else {
  for (const verdict of verdicts)
    if (values.verbose || isBad(verdict)) console.log(printVerdict(verdict, values.verbose))
  if (values.unsaid) console.log(printUnsaid(verdicts))
  console.log(printTotals(verdicts))
}
process.exitCode = verdicts.some(isBad) ? 1 : 0

function isBad({ outcome, invalid, dangling }: Verdict): boolean {
  return outcome === 'failed' || invalid.length > 0 || dangling.length > 0
}
