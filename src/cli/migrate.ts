/** `passerelle migrate`: the schema, without starting the server. */
import { parseArgs } from 'node:util'
import { borrowDatabase, migrateDatabase } from '../database.ts'
import type { Command } from './command.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the database to the schema of this program',
  usage: `Usage: passerelle migrate [--dry-run]

Runs the migrations that the database does not have yet and prints their names. The server does the same when it
starts; this is for those who want it done before.

  --dry-run   only print what would run
`,
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { 'dry-run': { type: 'boolean' } } })
    const dryRun = values['dry-run'] === true
    const log = io.log()
    await using database = await borrowDatabase(io.config(), log, { asItIs: true })
    const names = await migrateDatabase(database.url, log, { dryRun })
    if (names.length === 0) io.err('nothing to migrate\n')
    for (const name of names) io.out(`${name}\n`)
  },
}
