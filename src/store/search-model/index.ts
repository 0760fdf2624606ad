export { makeSearchModels, type SearchModels } from './models.ts'
export type { SearchModel, SearchModelDeps } from './model.ts'
