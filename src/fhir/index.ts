/** FHIR R4 as values: definitions, validation, search, bundles, outcomes. No sockets, no database. */
export { loadDefinitions, makeElementTree, type Definitions, type ElementTree } from './definitions/index.ts'
export { makeValidator, type Validator } from './validate/index.ts'
export {
  canonicalUnit,
  decimalRange,
  escapeValue,
  foldCode,
  isCanonical,
  makeExtractor,
  makeSearchParameters,
  makeSearchParser,
  matchesRequest,
  normalise,
  referencePlaces,
  referenceTarget,
  textPlaces,
  unitKey,
  type ChainCriterion,
  type CompartmentCriterion,
  type CompositeEntry,
  type Criterion,
  type DateValue,
  type HasCriterion,
  type Include,
  type ListCriterion,
  type NearValue,
  type NumberValue,
  type ParameterCriterion,
  type Prefix,
  type QuantityValue,
  type SearchRequest,
  type SearchValue,
  type SupportedSearch,
  type ExtractContext,
  type Extractor,
  type IndexEntries,
  type NumberEntry,
  type QuantityEntry,
  type SearchParameter,
  type SearchParameters,
  type Sharing,
  type ValueEntries,
} from './search/index.ts'
export { fhirPathPatch, jsonPatch, type Patch, xmlPatch } from './patch/index.ts'
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
  type Parameter,
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
export { ENGINE, type PathAnswer, type PathQuestion } from './path/index.ts'
export { makeProfiles, namesProfiles, type ProfileFindings, type ProfileRegistry } from './profiles/index.ts'
export { makeFhirXml, type FhirXml } from './xml/index.ts'
export {
  makeR4Content,
  makeTerminology,
  printableCanonical,
  type Coding,
  type KnownCodeSystem,
  type Membership,
  type StoredEdition,
  type StoredTerminology,
  type Terminology,
  type TerminologyType,
  type Verdict,
} from './terminology/index.ts'
export {
  isSubset,
  makeSubsetter,
  parseSubset,
  SUBSET_PARAMETERS,
  type Subset,
  type Subsetter,
} from './subset/index.ts'
