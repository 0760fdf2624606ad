/** MLLP over TCP and TLS: the listener and the sender. */
export { listenMllp } from './server.ts'
export type { MllpServer, MllpServerOptions, MllpServerTls } from './server.ts'
export type { BrokenFrame, ConnectionStatus, Follow } from './connection.ts'
export type { MllpEvent } from './events.ts'
export type { Peer } from './peer.ts'
export { connectMllp } from './client.ts'
export type { Delivery, MllpClient, MllpClientOptions, MllpClientTls } from './client.ts'
export { makeAllowList } from './peer.ts'
