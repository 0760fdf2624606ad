export { decimalRange, type DecimalRange } from './decimal.ts'
export type {
  DateEntry,
  IndexEntries,
  NumberEntry,
  QuantityEntry,
  ReferenceEntry,
  StringEntry,
  TokenEntry,
  UriEntry,
} from './entries.ts'
export { makeExtractor, type Extractor } from './extract.ts'
export { normalise } from './normalise.ts'
export { makeSearchParameters, type SearchParameter, type SearchParameters } from './parameters.ts'
export type { ExtractContext } from './values.ts'
export { escapeValue } from './escape.ts'
export { foldCode, matches, matchesRequest } from './matches.ts'
export { makeSearchParser, type ParseContext, type SearchParser, type SearchParserDeps } from './parse.ts'
export type {
  Criterion,
  DateValue,
  Modifier,
  NumberValue,
  Prefix,
  QuantityValue,
  ReferenceValue,
  SearchRequest,
  SearchValue,
  SortKey,
  StringValue,
  SupportedKind,
  SupportedSearch,
  TokenValue,
  UriValue,
} from './request.ts'
