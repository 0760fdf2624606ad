export { type LocalTarget, meaningOf } from './local-target.ts'
export { makeReferenceWalk, type ReferenceWalk } from './walk.ts'
