/** Queues on BullMQ. */
export { migrateQueue, type QueueBackend } from './bull.ts'
export { openWakeQueue } from './wake-queue.ts'
