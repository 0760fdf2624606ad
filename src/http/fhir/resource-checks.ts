/** What the URL and the resource in the body must agree on. https://hl7.org/fhir/R4/http.html#create, #update */
import { Failure } from '../../kernel/failure.ts'
import type { ExactJson } from '../../kernel/json.ts'

/** https://hl7.org/fhir/R4/datatypes.html#id */
const ID = /^[A-Za-z0-9\-.]{1,64}$/

export function isId(text: string): boolean {
  return ID.test(text)
}

/** @throws Failure `invalid`/`resource-type-missing`, `invalid`/`resource-type-mismatch` */
export function checkType({ value }: ExactJson, type: string): void {
  const given = value['resourceType']
  if (given === type) return
  if (typeof given !== 'string') throw new Failure('invalid', 'resource-type-missing', { expected: type })
  throw new Failure('invalid', 'resource-type-mismatch', { expected: type }, { expression: ['resourceType'] })
}

/** @throws Failure `invalid`/`resource-id-missing`, `invalid`/`resource-id-mismatch` */
export function checkId({ value }: ExactJson, id: string): void {
  const given = value['id']
  if (given === id) return
  const expression = [`${String(value['resourceType'])}.id`]
  throw new Failure(
    'invalid',
    given === undefined ? 'resource-id-missing' : 'resource-id-mismatch',
    {},
    { expression },
  )
}
