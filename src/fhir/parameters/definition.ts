/** What an operation takes, as its OperationDefinition says. https://hl7.org/fhir/R4/operationdefinition.html */

export interface ParameterDefinition {
  readonly name: string
  readonly min: 0 | 1
  readonly max: 1 | '*'
  /** A data type; a resource type; `Resource` for any of them; `Parts` for what has parts in place of a value. */
  readonly type: string
}
