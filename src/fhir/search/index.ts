export { makeSearchBudget, type SearchBudget } from './budget.ts'
export {
  checkDefinition,
  checkExpressions,
  checkOwnParameters,
  type OwnParameterChange,
  type OwnParameterDeps,
} from './check-own-parameter.ts'
export { decimalRange } from './decimal.ts'
export { embeddedPrefix, embeddingName } from './embedded.ts'
export { mimeBase } from './emit/tokens.ts'
export {
  type CompositeEntry,
  type IndexEntries,
  type NumberEntry,
  type QuantityEntry,
  type ValueEntries,
  valueLists,
} from './entries.ts'
export { makeExtractor, makeWiderExtractor, type Extractor } from './extract.ts'
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
  withOwnParameters,
} from './own-parameters.ts'
export { makeSearchParser, type SearchParser } from './parse.ts'
export type {
  ChainCriterion,
  CompartmentCriterion,
  Criterion,
  DateValue,
  HasCriterion,
  Include,
  ListCriterion,
  Modifier,
  NearValue,
  NumberValue,
  ParameterCriterion,
  Prefix,
  QuantityValue,
  SearchRequest,
  SearchValue,
  SupportedSearch,
  TokenValue,
  Words,
} from './request.ts'
export { referenceTarget } from './references.ts'
export type { Sharing } from './sharing.ts'
