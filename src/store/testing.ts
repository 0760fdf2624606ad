/** A store for tests: the real one, on a test database, with R4's own definitions. */
import {
  type ExtractContext,
  loadDefinitions,
  makeExtractor,
  makeSearchParameters,
  makeSearchParser,
  makeValidator,
} from '../fhir/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Db } from './db.ts'
import { supportedSearch } from './search/compile.ts'
import { makeStore } from './store.ts'

const definitions = loadDefinitions()
const parameters = makeSearchParameters(definitions)

export const testContext: ExtractContext = { zone: makeTimeZone('Europe/Paris'), toLocal: () => undefined }
export const testExtractor = makeExtractor(definitions, parameters)

const parser = makeSearchParser({ definitions, parameters, supported: supportedSearch })

export function testStore(db: Db) {
  return makeStore({
    db,
    clock: systemClock,
    validator: makeValidator(definitions),
    extractor: testExtractor,
    contextOf: () => testContext,
  })
}

/** A search from its query string. */
export function searchFor(type: string, query: string) {
  return parser.parse(type, new URLSearchParams(query), { ...testContext, nowMs: Date.now() })
}
