/** FHIR R4 as values: definitions, validation, search, bundles, outcomes. No sockets, no database. */
export { loadDefinitions, makeElementTree, type Definitions, type ElementTree } from './definitions/index.ts'
export { makeValidator, type Validator } from './validate/index.ts'
export {
  decimalRange,
  escapeValue,
  foldCode,
  makeExtractor,
  makeSearchParameters,
  makeSearchParser,
  matchesRequest,
  normalise,
  type Criterion,
  type SearchRequest,
  type SearchValue,
  type SupportedSearch,
  type ExtractContext,
  type Extractor,
  type IndexEntries,
  type SearchParameters,
} from './search/index.ts'
export { fhirPathPatch, jsonPatch, type Patch } from './patch/index.ts'
export {
  LANGUAGES,
  messageCodes,
  messageOf,
  operationOutcome,
  outcomeOfIssues,
  pickLanguage,
  type Language,
} from './outcome/index.ts'
export {
  fitsInQuery,
  makeParameterReader,
  parametersResource,
  valueParameter,
  type OperationInput,
  type ParameterDefinition,
} from './parameters/index.ts'
export {
  inProcessingOrder,
  isRefused,
  linkResolver,
  makeReferenceRewriter,
  parseBundle,
  type BundleEntry,
  type BundleRequest,
  type ReferenceRewriter,
  type RefusedEntry,
} from './bundle/index.ts'
export { makeFhirXml, type FhirXml } from './xml/index.ts'
export {
  makeR4Content,
  makeTerminology,
  type Coding,
  type Membership,
  type StoredEdition,
  type StoredTerminology,
  type Terminology,
  type TerminologyType,
  type Verdict,
} from './terminology/index.ts'
