/** Questions and their answers: what a sender asks the store. */
export type { Responder } from './question.ts'
export { makeResponder, type ResponderDeps } from './responder.ts'
