/** The Prefer header. https://hl7.org/fhir/R4/http.html#ops, RFC 7240 */

export type Preference = 'minimal' | 'representation' | 'OperationOutcome'

/** `return=…`; undefined when the client has no preference. Unknown preferences are ignored, as RFC 7240 §2 asks. */
export function returnPreference(prefer: string | undefined): Preference | undefined {
  if (prefer === undefined) return undefined
  const found = /(?:^|[;,\s])return="?(minimal|representation|OperationOutcome)"?(?=$|[;,\s])/.exec(prefer)
  return found?.[1] as Preference | undefined
}

/** `respond-async`. RFC 7240 §4.1 */
export function isAsyncPreferred(prefer: string | undefined): boolean {
  return prefer !== undefined && /(?:^|[;,\s])respond-async(?=$|[;,\s])/i.test(prefer)
}

/** `handling=lenient`; strict is what is meant without it. */
export function isHandlingLenient(prefer: string | undefined): boolean {
  return prefer !== undefined && /(?:^|[;,\s])handling="?lenient"?(?=$|[;,\s])/.test(prefer)
}
