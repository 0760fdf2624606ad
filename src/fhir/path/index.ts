export { compileCriteria, compilePath } from './compile.ts'
export { Uncompilable, type PathContext, type Run } from './compiled.ts'
export { compare, toBoolean, type Collection } from './values.ts'
