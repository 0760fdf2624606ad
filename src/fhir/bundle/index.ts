export { inProcessingOrder } from './order.ts'
export {
  isRefused,
  parseBundle,
  type BundleEntry,
  type BundleLimits,
  type BundleMethod,
  type BundleRequest,
  type RefusedEntry,
} from './parse.ts'
export { makeReferenceRewriter, type ReferenceRewriter, type Replace } from './references.ts'
export { linkResolver } from './resolve.ts'
