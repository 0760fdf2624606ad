/**
 * The shapes a search can have in SQL. Which one runs is decided by drivers.ts and pages/ from what the index
 * holds, never by the planner's statistics; each shape is a chain of nested loops with one usable index a step, so its
 * cost can be read off it.
 */
export { countMatches, idsByCollecting, matches, matchesWithKeys, numbersByCollecting } from './collecting.ts'
export { datedByToken } from './dated.ts'
export { boundedCounts, byHashes, byNumbers, countOfType, typesInUse } from './lookups.ts'
export { newestByCollecting, newestByToken, newestOfType } from './newest.ts'
export { inOrderOf } from './ordered.ts'
export { referredNewest } from './referred.ts'
