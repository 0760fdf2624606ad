export { compileCriteria, compilePath } from './compile.ts'
export { Uncompilable, type PathContext, type Run } from './compiled.ts'
export { pathTest, type PathTest } from './engine.ts'
export { compare } from './values.ts'
