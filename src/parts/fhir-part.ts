/** FHIR R4 as this server knows it, and the store that keeps its resources. */
import {
  type Definitions,
  type Extractor,
  loadDefinitions,
  makeExtractor,
  makeR4Content,
  makeSearchParameters,
  makeTerminology,
  makeValidator,
  type SearchParameters,
  type Terminology,
  type Validator,
} from '../fhir/index.ts'
import type { Ground } from '../parts.ts'
import {
  keepBinaries,
  makeStore,
  makeStoredTerminology,
  type StoreDeps,
  type StoreWithBinaries,
} from '../store/index.ts'
import type { TenantContexts } from './tenant-contexts.ts'

export interface FhirParts {
  readonly definitions: Definitions
  readonly searchParameters: SearchParameters
  readonly validator: Validator
  readonly extractor: Extractor
  readonly terminology: Terminology
  readonly store: StoreWithBinaries
  readonly referentialIntegrity: StoreDeps['referentialIntegrity']
}

export function makeFhirParts(
  { db, clock, binaryBlobs, config }: Pick<Ground, 'db' | 'clock' | 'binaryBlobs' | 'config'>,
  contexts: TenantContexts,
): FhirParts {
  const definitions = loadDefinitions()
  const searchParameters = makeSearchParameters(definitions)
  const validator = makeValidator(definitions)
  const extractor = makeExtractor(definitions, searchParameters)
  const contextOf = contexts.of
  const { referentialIntegrity } = config
  const terminology = makeTerminology({ r4: makeR4Content(), stored: makeStoredTerminology(db) })
  const store = makeStore({
    db,
    clock,
    validator,
    extractor,
    definitions,
    parameters: searchParameters,
    terminology,
    contextOf,
    referentialIntegrity,
  })
  return {
    definitions,
    searchParameters,
    validator,
    extractor,
    terminology,
    store: keepBinaries(store, { db, blobs: binaryBlobs }),
    referentialIntegrity,
  }
}
