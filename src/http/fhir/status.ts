/** HTTP status of each Failure: by kind, and by code where one kind has several. https://hl7.org/fhir/R4/http.html#rejecting-updates */
import type { Failure, FailureKind } from '../../kernel/failure.ts'

const BY_KIND: Readonly<Record<FailureKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  unsupported: 400,
  unavailable: 503,
  timeout: 504,
  internal: 500,
}

const BY_CODE: Readonly<Record<string, number>> = {
  // Well-formed, but not a valid resource.
  'validation-failed': 422,
  'reference-not-found': 422,
  'resource-subsetted': 422,
  // A patch that can be read, but not applied. RFC 5789 §2.2
  'patch-element-exists': 422,
  'patch-element-unknown': 422,
  'patch-identity': 422,
  'patch-index': 422,
  'patch-path-list': 422,
  'patch-path-missing': 422,
  'patch-path-resource': 422,
  'patch-path-several': 422,
  'patch-result': 422,
  'patch-selector-narrative': 422,
  'patch-too-slow': 422,
  'patch-value-type': 422,
  'profile-too-costly': 422,
  'fhirpath-evaluation': 422,
  'fhirpath-too-costly': 422,
  // Valid R4, but no search parameter that can work here.
  'search-definition-base': 422,
  'search-definition-code': 422,
  'search-definition-code-taken': 422,
  'search-definition-component': 422,
  'search-definition-component-unknown': 422,
  'search-definition-components': 422,
  'search-definition-composite-path': 422,
  'search-definition-expression': 422,
  'search-definition-expression-long': 422,
  'search-definition-expression-missing': 422,
  'search-definition-function': 422,
  'search-definition-kind': 422,
  'search-definition-nowhere': 422,
  'search-definition-redefines': 422,
  'search-definition-too-many': 422,
  'search-definition-type-special': 422,
  'search-definition-url-taken': 422,
  'interaction-not-offered': 405,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'xml-unwritable': 406,
  'media-type': 415,
  'content-encoding': 415,
  'range-not-satisfiable': 416,
}

export function statusOf({ kind, code }: Failure): number {
  return BY_CODE[code] ?? BY_KIND[kind]
}
