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
