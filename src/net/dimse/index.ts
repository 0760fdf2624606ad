/** DIMSE over TCP: the listener that takes objects in, and the client that sends them. */
export type { DimseAccess } from './acceptor.ts'
export { associate, type AssociateOptions, type ClientAssociation, type OutgoingInstance } from './client.ts'
export { type DimseListener, listenDimse, type ListenDimseOptions } from './listener.ts'
export { resultOf } from './response.ts'
export { sendFiles, type SendResult } from './send-files.ts'
