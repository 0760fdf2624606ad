export { charsetNamed, hl7CharsetName, type Charset } from './names.ts'
export { decodeText, encodeText, tryDecode } from './codec.ts'
export { decodeIso2022, isDesignation } from './iso2022.ts'
export { resolveCharset, sniffUtf16, type CharsetChoice } from './resolve.ts'
