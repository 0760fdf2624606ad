/**
 * Which of a patient's numbers she is known by: it makes her id, and her messages stay in order by it. The first of the
 * preferred types, else of an authority, else any. HL7 v2.5 chapter 3, §3.4.2.3.
 */

/** A number as far as it matters here. */
export interface PatientNumber {
  /** Codes of table 0203. */
  readonly types: readonly (string | undefined)[]
  /** URI of the authority. */
  readonly system: string | undefined
  /** What else the authority is called. */
  readonly authority?: string | undefined
}

/** National identity numbers (INS) are shared by all and change hands; they name a person only when nothing else does. */
const NATIONAL = /^urn:oid:1\.2\.250\.1\.213\.1\.4\./

/** @param preferred types, systems or names of authorities, the best first */
export function namingNumber<T extends PatientNumber>(
  numbers: readonly T[],
  preferred: readonly string[],
): T | undefined {
  const isNational = ({ system }: PatientNumber): boolean => NATIONAL.test(system ?? '')
  for (const name of preferred) {
    const found = numbers.find((each) => [...each.types, each.system, each.authority].includes(name))
    if (found && !isNational(found)) return found
  }
  const local = numbers.filter((each) => !isNational(each))
  return local.find(({ system }) => system !== undefined) ?? local[0] ?? numbers[0]
}

/** What a channel that says nothing else goes by: the patient's internal number, else that of her record. */
export const PATIENT_IDENTIFIER: readonly string[] = ['PI', 'MR']
