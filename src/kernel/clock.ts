/** Time as a dependency, so that tests can hold it still. */

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** The FHIR instant of a moment: UTC, three decimals, `Z`. https://hl7.org/fhir/R4/datatypes.html#instant */
export function toInstant(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
