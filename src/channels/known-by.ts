/**
 * The number that a patient's messages stay in order by: the one that her id is made of, without its authority. One sender
 * calls an authority by its name, the next by its OID; two patients of one number share a lane, which harms nothing.
 */
import type { PatientIdentifier } from '../hl7/index.ts'
import { namingNumber, PATIENT_IDENTIFIER, universalUri } from '../mapping/index.ts'
import type { Hl7Channel } from './config/channel.ts'

/** @param identifiers of one patient, in the order in which the mapping reads them */
export function knownBy(
  identifiers: readonly PatientIdentifier[],
  { mapping, identifierSystems }: Pick<Hl7Channel, 'mapping' | 'identifierSystems'>,
): string | undefined {
  const systemOf = ({ authority, universalId, universalIdType }: PatientIdentifier): string | undefined =>
    (authority === undefined ? undefined : identifierSystems?.[authority]) ??
    (universalId === undefined ? undefined : universalUri(universalId, universalIdType)) ??
    authority
  const numbers = identifiers.map((each) => ({ ...each, types: [each.type], system: systemOf(each) }))
  return namingNumber(numbers, mapping.patientIdentifier ?? PATIENT_IDENTIFIER)?.id
}
