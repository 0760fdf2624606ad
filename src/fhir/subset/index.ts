export { parseSubset, SUBSET_PARAMETERS, type Subset } from './request.ts'
export { isSubset, makeSubsetter, type Subsetter } from './subset.ts'
