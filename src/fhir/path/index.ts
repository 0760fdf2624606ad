export { compileCriteria, compilePath } from './compile.ts'
export { Uncompilable, type PathContext, type Run } from './compiled.ts'
export { compare } from './values.ts'
