/**
 * Says what became of each rule of HL7's official v2-to-FHIR tables: covered, corrected, left out (why), open.
 *   npm run mapping:coverage -- DIR [-v]     -v lists every row
 * Fails when a row is open or when config/mapping is not what the official rules and our corrections give.
 */
import { fileOf, writeTable, type CarriedOver, type Fate, type Kind } from './mapping/carry-over.ts'
import { carryOverFrom, presentTable, runProgram } from './mapping/folder.ts'

const KINDS = ['messages', 'segments', 'datatypes', 'vocabulary'] satisfies Kind[]

runProgram((args) => {
  const carried = carryOverFrom(args.find((arg) => !arg.startsWith('-')))
  for (const fate of carried.fates) {
    if (args.includes('-v') || fate.outcome.did === 'problem') console.log(printFate(fate))
  }
  const drifted = compare(carried)
  for (const kind of KINDS) console.log(summary(kind, carried.fates))
  const isOpen = carried.fates.some(({ outcome }) => outcome.did === 'problem')
  return drifted === 0 && !isOpen ? 0 : 1
})

function printFate({ kind, map, official, outcome }: Fate): string {
  const made = 'rule' in outcome ? ` -> ${outcome.rule['to'] ?? outcome.rule['target']}` : ''
  const because = 'because' in outcome && outcome.because ? ` (${outcome.because})` : ''
  return [kind, map, official.replaceAll('\n', ' '), `${outcome.did}${made}${because}`].join('\t')
}

/** How many of our files differ from what the official rules, our corrections and our own rows give. */
function compare({ tables }: CarriedOver): number {
  let own = 0
  let drifted = 0
  for (const table of tables) {
    const name = fileOf(table.kind, table.map)
    const { text, rows } = presentTable(name)
    own += rows.filter(({ origin }) => origin === 'own').length
    if (writeTable(table, rows) === text) continue
    drifted += 1
    console.log(`${name} differs from the official rules and the corrections`)
  }
  console.log(`${own} rows of our own, ${drifted} tables that differ`)
  return drifted
}

function summary(kind: Kind, fates: readonly Fate[]): string {
  const outcomes = fates.filter((fate) => fate.kind === kind).map(({ outcome }) => outcome.did)
  const count = (...did: Fate['outcome']['did'][]): number =>
    outcomes.filter((each) => did.includes(each)).length
  return (
    `${kind.padEnd(10)} ${outcomes.length} official rows: ${count('carried', 'folded')} covered, ` +
    `${count('corrected')} corrected, ${count('left-out')} left out, ${count('problem')} open`
  )
}
