/** Patient module → Patient. PS3.3 §C.2, §C.7.1.1 */
import { type Dataset, itemsOf, textOf } from '../../dicom/index.ts'
import { tenantNamespace, uuidv5 } from '../../kernel/ids.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { DicomMappingContext, Warn } from './context.ts'
import { fhirDate } from './dates.ts'
import {
  eachOnce,
  identifierOf,
  type Issuer,
  issuerOfPatientId,
  type SystemAndValue,
  systemOf,
} from './identifier.ts'
import { humanNames } from './name.ts'

export interface PatientIdentity extends SystemAndValue {
  /** The Patient's id: the same wherever and whenever this identifier comes. */
  readonly id: string
  /** No id was sent: the Patient holds this one study until somebody says whose it is. */
  readonly unmatched: boolean
  readonly issuer: Issuer
}

/** The system of the identifier of a Patient that only holds a study. Its value is the study's UID. */
const UNMATCHED = 'urn:passerelle:unmatched-study'

/** Whose it is, by Patient ID and issuer only: never by name. Without a Patient ID nobody but this study's own Patient. */
export function patientIdentity(
  dataset: Dataset,
  studyUid: string,
  context: DicomMappingContext,
): PatientIdentity {
  const value = textOf(dataset, 'PatientID')
  const issuer = value === undefined ? {} : issuerOfPatientId(dataset)
  const named: SystemAndValue =
    value === undefined
      ? { system: UNMATCHED, value: studyUid }
      : { system: systemOf(issuer, context) ?? channelSystem(context), value }
  const id = resourceId('Patient', named, context)
  return { ...named, id, unmatched: value === undefined, issuer }
}

function channelSystem({ patientIdSystem, channel }: DicomMappingContext): string {
  return patientIdSystem ?? `urn:passerelle:channel:${channel}:patient`
}

/** The id of what an identifier names; HL7 v2 messages make the same. */
export function resourceId(
  type: string,
  { system, value }: SystemAndValue,
  context: DicomMappingContext,
): string {
  return uuidv5(tenantNamespace(context.tenantKey), `${type}|${system}|${value}`)
}

export function mapPatient(
  dataset: Dataset,
  identity: PatientIdentity,
  context: DicomMappingContext,
  warn: Warn,
): JsonObject {
  const birthDate = fhirDate(dataset, 'PatientBirthDate', warn)
  const name = humanNames(dataset, 'PatientName')
  return {
    resourceType: 'Patient',
    id: identity.id,
    identifier: identifiersOf(dataset, identity, context),
    ...(name.length > 0 && { name }),
    gender: genderOf(textOf(dataset, 'PatientSex')),
    ...(birthDate !== undefined && { birthDate }),
  }
}

/** Patient's Sex (0010,0040) has M, F and O; empty or missing is not known. */
function genderOf(sex = ''): string {
  return GENDERS[sex.toUpperCase()] ?? 'unknown'
}

const GENDERS: Readonly<Record<string, string>> = { M: 'male', F: 'female', O: 'other' }

function identifiersOf(
  dataset: Dataset,
  identity: PatientIdentity,
  context: DicomMappingContext,
): JsonObject[] {
  const first = identifierOf(identity, identity.issuer)
  if (identity.unmatched) return [{ use: 'temp', ...first }]
  const others = itemsOf(dataset, 'OtherPatientIDsSequence').flatMap((item) => {
    const value = textOf(item, 'PatientID')
    const issuer = issuerOfPatientId(item)
    // Without an issuer it says nothing that a search could use, and might be anybody's number.
    const system = systemOf(issuer, context)
    return value === undefined || system === undefined ? [] : [identifierOf({ system, value }, issuer)]
  })
  return eachOnce([first, ...others])
}
