/** FHIR R4 as values: definitions, validation, search, bundles, outcomes. No sockets, no database. */
export {
  loadDefinitions,
  makeElementTree,
  type CodeSet,
  type Definitions,
  type ElementNode,
  type ElementTree,
  type Invariant,
  type Property,
  type SearchParameterEntry,
  type SearchParameterType,
  type TypeDefinition,
} from './definitions/index.ts'
export { makeValidator, type Validator } from './validate/index.ts'
export {
  decimalRange,
  makeExtractor,
  makeSearchParameters,
  normalise,
  type DateEntry,
  type DecimalRange,
  type ExtractContext,
  type Extractor,
  type IndexEntries,
  type NumberEntry,
  type QuantityEntry,
  type ReferenceEntry,
  type SearchParameter,
  type SearchParameters,
  type StringEntry,
  type TokenEntry,
  type UriEntry,
} from './search/index.ts'
export {
  LANGUAGES,
  messageCodes,
  messageOf,
  operationOutcome,
  outcomeOfIssues,
  pickLanguage,
  type Language,
} from './outcome/index.ts'
