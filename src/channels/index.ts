/** Channels: what comes in, in which order it is handled, and what happens when it can't be. */
export { makeHl7Transform, mapForChannel } from './hl7-transform.ts'
export { makeChannels, type Channels, type ChannelsDeps } from './channels.ts'
export type { Channel, DicomChannel, Hl7Channel } from './config/channel.ts'
export { loadChannels } from './config/load.ts'
export type { Variables } from './config/read.ts'
export { type ChannelMetrics, noMetrics } from './metrics.ts'
export {
  loadHl7Programs,
  makeHl7Transform,
  mapRaw,
  type Transform,
  type Transformed,
  type TransformInput,
} from './transform.ts'
export type { LaneHandler, QueueDepth, Wake, WakeOptions, WakeQueue } from './wake.ts'
