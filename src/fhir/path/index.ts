export { compileAtom, compilePath, Uncompilable, type PathContext, type Run } from './compile.ts'
export { compare, toBoolean, type Collection } from './values.ts'
