/** Writes src/fhir/terminology/r4.ndjson from the definitions package: `npm run fhir:terminology`. */
import { writeFileSync } from 'node:fs'
import { buildTerminology } from './build.ts'

const target = new URL('../../src/fhir/terminology/r4.ndjson', import.meta.url)
const lines = buildTerminology()

/** One code system or value set a line, so that a change shows as a line. */
writeFileSync(target, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
