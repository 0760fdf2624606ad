/** Channels: what comes in, in which order it is handled, and what happens when it can't be. */
export { decisionRow } from './audit-rows.ts'
export { type Channels, makeChannels } from './channels.ts'
export type { Channel, DicomChannel, Hl7Channel } from './config/channel.ts'
export { loadChannels } from './config/load.ts'
export { loadHl7Programs, makeHl7Transform, mapForChannel } from './hl7-transform.ts'
export { refusalBefore } from './new-message.ts'
export type { Transform } from './transform.ts'
export type { LaneHandler, Wake, WakeQueue } from './wake.ts'
