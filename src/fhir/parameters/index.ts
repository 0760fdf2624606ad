export type { ParameterDefinition } from './definition.ts'
export type { OperationInput, Parameter } from './parameter.ts'
export { fitsInQuery, makeParameterReader, type ParameterReader } from './read.ts'
export { parametersResource, valueParameter } from './write.ts'
