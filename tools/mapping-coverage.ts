/**
 * Says what became of each rule of HL7's official v2-to-FHIR tables: covered, corrected, left out (why), open.
 *   npm run mapping:coverage -- DIR [-v]     -v lists every row
 * Then the inventory: each message table with its official and own rows, each switch with the rows that it decides.
 * Fails when a row is open or when config/mapping is not what the official rules and our corrections give.
 */
import { fileOf, writeTable, type CarriedOver, type Fate, type Kind } from './mapping/carry-over.ts'
import { carryOverFrom, presentTable, runProgram, tablesIn } from './mapping/folder.ts'

const KINDS = ['messages', 'segments', 'datatypes', 'vocabulary'] satisfies Kind[]

runProgram((args) => {
  const carried = carryOverFrom(args.find((arg) => !arg.startsWith('-')))
  for (const fate of carried.fates) {
    if (args.includes('-v') || fate.outcome.did === 'problem') console.log(printFate(fate))
  }
  const drifted = compare(carried)
  for (const kind of KINDS) console.log(summary(kind, carried.fates))
  console.log(['', ...messageInventory(carried.fates), '', ...switchInventory()].join('\n'))
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

function counts(fates: readonly Fate[]): string {
  const count = (...did: Fate['outcome']['did'][]): number =>
    fates.filter(({ outcome }) => did.includes(outcome.did)).length
  return `${fates.length} official: ${count('carried', 'folded')} covered, ${count('corrected')} corrected, ${count('left-out')} left out`
}

/** Each message table: what became of its official rows, and how many rows are our own. */
function messageInventory(fates: readonly Fate[]): string[] {
  return tablesIn('messages').map((file) => {
    const name = file.replace(/^messages\/|\.tsv$/g, '')
    const official = fates.filter(({ kind, map }) => kind === 'messages' && map === name)
    const rows = presentTable(file).rows.filter(({ to }) => to !== '')
    const own = rows.filter(({ origin }) => origin === 'own').length
    return `${name.padEnd(9)} ${rows.length} rows used, ${own} own; ${official.length === 0 ? 'no official table' : counts(official)}`
  })
}

/** Each choice that the standard leaves open, its default, and how many rows it decides. */
function switchInventory(): string[] {
  const conditions = ['messages', 'segments', 'datatypes']
    .flatMap(tablesIn)
    .flatMap((file) => presentTable(file).rows.map(({ when = '' }) => when))
  return presentTable('switches.tsv').rows.map(({ name = '', default: value = '' }) => {
    const rows = conditions.filter((when) => when.includes(`switch ${name} `)).length
    return `switch ${name} = ${value}: ${rows === 0 ? 'the engine itself' : `${rows} rows`}`
  })
}
