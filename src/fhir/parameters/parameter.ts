/** A parameter as it came in, and all of a request's together. https://hl7.org/fhir/R4/parameters.html */
import type { ExactJson, Json } from '../../kernel/json.ts'

export interface Parameter {
  readonly name: string
  /** FHIR type of the value; undefined where there is none. */
  readonly type?: string
  readonly value?: ExactJson<Json>
  readonly resource?: ExactJson
  readonly parts?: readonly Parameter[]
  /** The whole parameter. */
  readonly source: ExactJson
  /** Values of `extension`, for those who say there what no parameter can hold. */
  readonly extensions?: readonly Json[]
}

/** The parameters of a call: each is one that the operation has, of its type, and no more often than it may be. */
export interface OperationInput {
  all(name: string): readonly Parameter[]
  /** Of a parameter that comes once at most. */
  one(name: string): Parameter | undefined
  resource(name: string): ExactJson | undefined
  /** Values of a parameter whose type is text. */
  texts(name: string): readonly string[]
  text(name: string): string | undefined
}

export function inputOf(parameters: readonly Parameter[]): OperationInput {
  const byName = Map.groupBy(parameters, ({ name }) => name)
  const all = (name: string) => byName.get(name) ?? []
  const texts = (name: string) =>
    all(name)
      .map(({ value }) => value?.value)
      .filter((value) => typeof value === 'string')
  return {
    all,
    one: (name) => all(name)[0],
    resource: (name) => all(name)[0]?.resource,
    texts,
    text: (name) => texts(name)[0],
  }
}
