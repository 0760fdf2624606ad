/** A store for tests: the real one, on a test database, with R4's own definitions. */
import {
  type ExtractContext,
  loadDefinitions,
  makeExtractor,
  makeR4Content,
  makeReferenceWalk,
  makeSearchParameters,
  makeSearchParser,
  makeTerminology,
  makeValidator,
} from '../fhir/index.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { makeTimeZone } from '../kernel/time-zone.ts'
import type { Db } from './db.ts'
import { makeReferring, makeResourceIndex } from './integrity/index.ts'
import { supportedSearch } from './search/compile.ts'
import { makeStore } from './store.ts'
import { makeStoredTerminology } from './terminology.ts'

const definitions = loadDefinitions()
const parameters = makeSearchParameters(definitions)

export const testContext: ExtractContext = {
  zone: makeTimeZone('Europe/Paris'),
  toLocal: () => undefined,
  bases: () => [],
}
export const testExtractor = makeExtractor(definitions, parameters)

const r4 = makeR4Content()
const parser = makeSearchParser({ definitions, parameters, supported: supportedSearch })

/** References may point anywhere, unless integrity is what is tested. */
export function testStore(
  db: Db,
  clock: Clock = systemClock,
  referentialIntegrity: 'enforce' | 'off' = 'off',
  validator = makeValidator(definitions),
) {
  return makeStore({
    db,
    clock,
    referentialIntegrity,
    validator,
    extractor: testExtractor,
    definitions,
    parameters,
    terminology: makeTerminology({ r4, stored: makeStoredTerminology(db) }),
    contextOf: () => testContext,
  })
}

/** A search from its query string. */
export function searchFor(type: string, query: string) {
  return parser.parse(type, new URLSearchParams(query), { ...testContext, nowMs: Date.now() })
}

const indexWith = makeResourceIndex({
  parameters,
  walk: makeReferenceWalk(definitions),
  referring: makeReferring(parameters, definitions.resourceTypes),
  contextOf: () => testContext,
})

/** All that is written beside a resource so that it is found. */
export function testIndex(tenant: TenantId, type: string, resource: JsonObject) {
  return indexWith(testExtractor, tenant, type, resource)
}
