/** `npm run fault -- --rounds 20`: SIGKILL under mixed load; prints the count as JSON, exit code 1 when it isn't clean. */
import { parseArgs } from 'node:util'

import { runRounds } from './rounds.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } })
const report = await runRounds(Number(values.rounds), (line) => console.error(line))
console.log(
  JSON.stringify({ ...report, lost: report.lost.slice(0, 50), lostCount: report.lost.length }, null, 2),
)
process.exitCode = report.lost.length + report.doubled.length === 0 ? 0 : 1
