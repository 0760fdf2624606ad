export { inProcessingOrder } from './order.ts'
export { isRefused, parseBundle, type BundleEntry, type BundleRequest, type RefusedEntry } from './parse.ts'
export { isConditional, makeReferenceRewriter, type ReferenceRewriter } from './references.ts'
export { linkResolver } from './resolve.ts'
