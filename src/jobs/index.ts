/** Queues on BullMQ. */
export { migrateQueue, type QueueBackend } from './bull.ts'
export { type IdQueue, openIdQueue } from './id-queue.ts'
export { openWakeQueue } from './wake-queue.ts'
