export { ValidationContext } from './context.ts'
export { PRIMITIVES } from './primitives.ts'
export { makeValidator, type Validator } from './validator.ts'
