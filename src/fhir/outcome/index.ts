export { messageCodes, messageOf } from './catalogue.ts'
export { LANGUAGES, pickLanguage, type Language } from './language.ts'
export { operationOutcome, outcomeOfIssues } from './operation-outcome.ts'
