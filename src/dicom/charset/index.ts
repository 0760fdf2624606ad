export { type TextDecoding, textDecoding } from './decoder.ts'
