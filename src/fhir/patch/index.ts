export { fhirPathPatch, jsonPatch, type Patch, xmlPatch } from './patch.ts'
