export { kickOff } from './kick-off.ts'
export { type AsyncRunner, makeAsyncRunner } from './runner.ts'
export { asyncCancel, asyncStatus } from './status.ts'
