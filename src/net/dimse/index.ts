/** DIMSE over TCP: the listener that takes objects in, and the client that sends them. */
export type { DimseAccess } from './acceptor.ts'
export { associate, type ClientAssociation } from './client.ts'
export { type DimseListener, listenDimse, type ListenDimseOptions } from './listener.ts'
export { resultOf } from './response.ts'
export { sendFiles } from './send-files.ts'
