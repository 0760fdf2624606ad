/** Channels: what comes in, in which order it is handled, and what happens when it can't be. */
export { makeChannels, type Channels, type ChannelsDeps } from './channels.ts'
export type { Channel, DicomChannel, Hl7Channel } from './config/channel.ts'
export { loadChannels } from './config/load.ts'
export type { Variables } from './config/read.ts'
export { type ChannelMetrics, noMetrics } from './metrics.ts'
export type { Transform, Transformed } from './transform.ts'
export type { LaneHandler, QueueDepth, Wake, WakeOptions, WakeQueue } from './wake.ts'
