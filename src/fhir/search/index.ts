export {
  checkDefinition,
  checkExpressions,
  checkOwnParameters,
  type OwnParameterChange,
  type OwnParameterDeps,
} from './check-own-parameter.ts'
export { decimalRange } from './decimal.ts'
export type { CompositeEntry, IndexEntries, NumberEntry, QuantityEntry, ValueEntries } from './entries.ts'
export { makeExtractor, type Extractor } from './extract.ts'
export { normalise } from './normalise.ts'
export { makeSearchParameters, type SearchParameter, type SearchParameters } from './parameters.ts'
export { canonicalUnit, unitKey } from './quantity.ts'
export type { ExtractContext } from './emit/index.ts'
export { escapeValue } from './escape.ts'
export { foldCode, matchesRequest } from './matches.ts'
export {
  ownDefinition,
  ownParameter,
  ownTypesOf,
  type OwnDefinition,
  type OwnParameters,
  withOwnExtractor,
  withOwnParameters,
} from './own-parameters.ts'
export { makeSearchParser, type SearchParser } from './parse.ts'
export { isCanonical, referencePlaces, textPlaces } from './places.ts'
export type {
  ChainCriterion,
  CompartmentCriterion,
  Criterion,
  DateValue,
  HasCriterion,
  Include,
  ListCriterion,
  NearValue,
  NumberValue,
  ParameterCriterion,
  Prefix,
  QuantityValue,
  SearchRequest,
  SearchValue,
  SupportedSearch,
} from './request.ts'
export { referenceTarget } from './references.ts'
export type { Sharing } from './sharing.ts'
