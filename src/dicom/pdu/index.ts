export { decodePdu } from './decode.ts'
export { encodeFragments, encodePdu } from './encode.ts'
export { makePduFramer } from './framer.ts'
export * from './pdu.ts'
