export type SearchRequest = Record<string, unknown>
