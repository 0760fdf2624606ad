export { fhirPathPatch, jsonPatch, type Patch } from './patch.ts'
