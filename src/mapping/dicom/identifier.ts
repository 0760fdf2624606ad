/** Who issued an identifier, and the FHIR system for it. The same rules as for HL7 v2, so that both name the same Patient. */
import { type Dataset, itemsOf, textOf } from '../../dicom/index.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { DicomMappingContext } from './context.ts'

/** HL7's hierarchic designator: a local name, a universal id, or both. PS3.3 §10.14, HL7 v2 HD */
export interface Issuer {
  readonly namespace?: string | undefined
  readonly universalId?: string | undefined
  readonly universalType?: string | undefined
}

/** From the items of a sequence such as (0008,0051): PS3.3 table 10-17. */
export function issuerOfItem(item: Dataset | undefined): Issuer {
  return {
    namespace: textOf(item, 'LocalNamespaceEntityID'),
    universalId: textOf(item, 'UniversalEntityID'),
    universalType: textOf(item, 'UniversalEntityIDType'),
  }
}

/**
 * (0010,0021) is a local name, (0010,0024) adds the universal id. Some write both into the first as HL7 does
 * (`NAME&1.2.3&ISO`).
 */
export function issuerOfPatientId(dataset: Dataset): Issuer {
  const written = textOf(dataset, 'IssuerOfPatientID')
  const qualifiers = issuerOfItem(itemsOf(dataset, 'IssuerOfPatientIDQualifiersSequence')[0])
  const [name, universalId, universalType] = (written ?? '')
    .split('&')
    .map((part) => part.trim() || undefined)
  return {
    namespace: name,
    universalId: qualifiers.universalId ?? universalId,
    universalType: qualifiers.universalId === undefined ? universalType : qualifiers.universalType,
  }
}

/** undefined: the issuer says nothing. */
export function systemOf(issuer: Issuer, context: DicomMappingContext): string | undefined {
  const universal = universalSystem(issuer)
  if (universal !== undefined) return universal
  const name = issuer.namespace ?? issuer.universalId
  if (name === undefined) return undefined
  return (
    context.identifierSystems[name] ?? bareSystem(name) ?? `urn:passerelle:ns:${encodeURIComponent(name)}`
  )
}

function universalSystem({ universalId, universalType }: Issuer): string | undefined {
  if (universalId === undefined) return undefined
  switch (universalType?.toUpperCase()) {
    case 'ISO':
    case 'UUID':
    case 'URI':
    case undefined:
      return bareSystem(universalId)
    default:
      return undefined
  }
}

/** A name that is an OID, a UUID or a URI speaks for itself, whatever it is said to be. */
function bareSystem(name: string): string | undefined {
  if (/^[0-2](\.(0|[1-9]\d*)){2,}$/.test(name)) return `urn:oid:${name}`
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return `urn:uuid:${name.toLowerCase()}`
  return /^(https?:\/\/|urn:)\S+$/i.test(name) ? name : undefined
}

export interface SystemAndValue {
  readonly system: string
  readonly value: string
}

/** The first of each system and value. */
export function eachOnce(identifiers: readonly JsonObject[]): JsonObject[] {
  const known = new Map<string, JsonObject>()
  for (const identifier of identifiers) {
    const key = JSON.stringify([identifier['system'], identifier['value']])
    if (!known.has(key)) known.set(key, identifier)
  }
  return [...known.values()]
}

/** An Identifier; the issuer's local name stays readable. */
export function identifierOf({ system, value }: SystemAndValue, issuer: Issuer): JsonObject {
  return {
    system,
    value,
    ...(issuer.namespace !== undefined && { assigner: { display: issuer.namespace } }),
  }
}
