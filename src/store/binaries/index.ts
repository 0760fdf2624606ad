export { type Binaries, type BinaryPlace } from './binaries.ts'
export { asBase64, base64Length, type BinaryContent, INLINE_BYTES } from './content.ts'
export { keepBinaries, type StoreWithBinaries } from './store.ts'
export { sweepBinaries } from './sweeper.ts'
