/**
 * Writes src/fhir/definitions/r4.ndjson from the definitions package: `node tools/fhir-definitions/generate.ts`.
 * A server that starts from the package itself reads 45 MB of JSON (0.7 s, 250 MB); this file has what is used of it.
 */
import { writeFileSync } from 'node:fs'
import { buildDefinitions } from './build.ts'

const target = new URL('../../src/fhir/definitions/r4.ndjson', import.meta.url)
const { version, ...sections } = buildDefinitions()

/** One type, value set or parameter a line, so that a change shows as a line. */
const lines = [
  ['version', '', version],
  ...Object.entries(sections).flatMap(([section, entries]) =>
    Object.entries(entries as object).map(([name, entry]: [string, unknown]) => [section, name, entry]),
  ),
]
writeFileSync(target, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
