/** Queues on BullMQ. */
export { migrateQueue, type QueueBackend } from './bull.ts'
export { openWakeQueue, type WakeQueueOptions } from './wake-queue.ts'
