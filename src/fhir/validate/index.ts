export { makeValidator, type Validator } from './validator.ts'
