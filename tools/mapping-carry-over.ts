/**
 * Carries HL7's official v2-to-FHIR rules over into config/mapping, in our form and with our corrections:
 *   npm run mapping:carry-over -- DIR
 * DIR holds the official tables (folders messages, segments, datatypes, codesystems). Rows of origin `own` stay.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileOf, writeTable } from './mapping/carry-over.ts'
import { carryOverFrom, presentTable, runProgram } from './mapping/folder.ts'

runProgram(([folder]) => {
  const { tables, fates } = carryOverFrom(folder)
  for (const table of tables) {
    const { file, rows } = presentTable(fileOf(table.kind, table.map))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, writeTable(table, rows))
  }
  const problems = fates.flatMap(({ map, official, outcome }) =>
    outcome.did === 'problem' ? [`${map}, ${official}: ${outcome.because}`] : [],
  )
  for (const problem of problems) console.error(problem)
  console.log(`${tables.length} tables written, ${problems.length} official rows without an answer`)
  return problems.length === 0 ? 0 : 1
})
