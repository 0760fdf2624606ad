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
