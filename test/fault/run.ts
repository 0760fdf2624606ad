/**
 * `npm run fault -- --rounds 20`: SIGKILL of the server under mixed load.
 * `npm run fault -- --victims server,database,redis --rounds 50 [--away 60000] [--full-disk]`: SIGKILL of any of them under
 * messages. Prints the count as JSON, exit code 1 when it isn't clean.
 */
import { parseArgs } from 'node:util'

import { runOutages, type Victim } from './outages.ts'
import { runRounds } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    victims: { type: 'string' },
    away: { type: 'string' },
    'full-disk': { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const log = (line: string): void => console.error(line)

async function mixedLoad(): Promise<{ report: object; faults: number }> {
  const report = await runRounds(rounds, log)
  const { lost, doubled } = report
  return {
    report: { ...report, lost: lost.slice(0, 50), lostCount: lost.length },
    faults: lost.length + doubled.length,
  }
}

async function messages(victims: string): Promise<{ report: object; faults: number }> {
  const report = await runOutages({
    rounds,
    victims: victims.split(',') as Victim[],
    ...(values.away === undefined ? {} : { awayMs: Number(values.away) }),
    fullDisk: values['full-disk'],
    log,
  })
  const { lost, wrong } = report
  return {
    report: { ...report, lost: lost.slice(0, 50), lostCount: lost.length, wrong: wrong.slice(0, 50) },
    faults: lost.length + wrong.length,
  }
}

const { report, faults } = values.victims === undefined ? await mixedLoad() : await messages(values.victims)
console.log(JSON.stringify(report, null, 2))
process.exitCode = faults === 0 ? 0 : 1
