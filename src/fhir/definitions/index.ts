export {
  loadDefinitions,
  type CodeSet,
  type Definitions,
  type Property,
  type TypeDefinition,
} from './load.ts'
export { makeElementTree, type ElementTree } from './element-tree.ts'
export type { Invariant, SearchParameterEntry, SearchParameterType } from './model.ts'
