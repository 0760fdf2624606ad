export { makeReindexer, type Reindexer, type ReindexerDeps } from './reindexer.ts'
export { makeReindexes, type Reindex, type Reindexes } from './reindexes.ts'
