/**
 * An audit row as a FHIR AuditEvent, in the shape of IHE's Basic Audit Log Patterns.
 * https://hl7.org/fhir/R4/auditevent.html, https://profiles.ihe.net/ITI/BALP/
 */
import { toInstant } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { AuditEntity, AuditRecord } from '../store/index.ts'
import { DCM, subtypeOf, typeOf, type Coding } from './codes.ts'

/** The resource, resourceType and id included. */
export function toAuditEvent(record: AuditRecord): JsonObject {
  const recorded = toInstant(record.at)
  const { code, error } = record.detail
  return {
    resourceType: 'AuditEvent',
    id: record.id,
    meta: { versionId: '1', lastUpdated: recorded },
    type: { ...typeOf(record.kind) },
    subtype: [{ ...subtypeOf(record.interaction) }],
    action: record.action,
    recorded,
    outcome: String(record.outcome),
    ...(typeof (code ?? error) === 'string' && { outcomeDesc: String(code ?? error) }),
    agent: [clientAgent(record), serverAgent(record)],
    source: {
      observer: { display: SERVER },
      type: [{ system: SOURCE_TYPE, code: '4', display: 'Application Server' }],
    },
    ...entityList(record),
  }
}

const SERVER = 'Passerelle'
const SOURCE_TYPE = 'http://terminology.hl7.org/CodeSystem/security-source-type'

/** Who sends the data is the source, who gets it the destination: a reader gets, a writer sends. */
const SOURCE_ROLE: Coding = { system: DCM, code: '110153', display: 'Source Role ID' }
const DESTINATION_ROLE: Coding = { system: DCM, code: '110152', display: 'Destination Role ID' }

function clientAgent({ agent, action }: AuditRecord): JsonObject {
  return {
    type: { coding: [{ ...(action === 'R' ? DESTINATION_ROLE : SOURCE_ROLE) }] },
    who: whoIs(agent),
    requestor: true,
    ...(agent.address !== undefined && { network: { address: agent.address, type: '2' } }),
  }
}

function serverAgent({ action }: AuditRecord): JsonObject {
  return {
    type: { coding: [{ ...(action === 'R' ? SOURCE_ROLE : DESTINATION_ROLE) }] },
    who: { display: SERVER },
    requestor: false,
  }
}

/** A user is a resource. A client or a device is known by its name only: a reference by identifier. */
function whoIs({ id, kind }: AuditRecord['agent']): JsonObject {
  if (kind === 'user' && IS_REFERENCE.test(id)) return { reference: id }
  return { type: 'Device', identifier: { system: `urn:passerelle:${kind}`, value: id }, display: id }
}

const IS_REFERENCE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/

function entityList({ entities, patients, query, detail }: AuditRecord): JsonObject {
  const named = new Set(entities.filter(({ type }) => type === 'Patient').map(({ id }) => id))
  const list = [
    ...(query === undefined ? [] : [queryEntity(query)]),
    ...entities.map(toEntity),
    ...patients.filter((id) => !named.has(id)).map((id) => toEntity({ type: 'Patient', id })),
    ...(typeof detail['request'] === 'string' ? [requestEntity(detail['request'])] : []),
    ...(typeof detail['operation'] === 'string' ? [operationEntity(detail['operation'])] : []),
    ...(typeof detail['controlId'] === 'string' ? [messageEntity(detail['controlId'])] : []),
  ]
  return list.length === 0 ? {} : { entity: list }
}

const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const ENTITY_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role'
const PERSON: Coding = { system: ENTITY_TYPE, code: '1', display: 'Person' }
const SYSTEM_OBJECT: Coding = { system: ENTITY_TYPE, code: '2', display: 'System Object' }
const PATIENT_ROLE: Coding = { system: ENTITY_ROLE, code: '1', display: 'Patient' }
const DOMAIN_RESOURCE_ROLE: Coding = { system: ENTITY_ROLE, code: '4', display: 'Domain Resource' }
const QUERY_ROLE: Coding = { system: ENTITY_ROLE, code: '24', display: 'Query' }

function toEntity({ type, id, version }: AuditEntity): JsonObject {
  const isPatient = type === 'Patient'
  const name = `${type}/${id}`
  return {
    what: IS_REFERENCE.test(name)
      ? { reference: version === undefined ? name : `${name}/_history/${version}` }
      : { identifier: { value: id }, display: type },
    type: isPatient ? { ...PERSON } : { ...SYSTEM_OBJECT },
    role: isPatient ? { ...PATIENT_ROLE } : { ...DOMAIN_RESOURCE_ROLE },
  }
}

/** The query as it was received; search cannot tell anything of it, so it is base64. */
function queryEntity(query: string): JsonObject {
  return {
    type: { ...SYSTEM_OBJECT },
    role: { ...QUERY_ROLE },
    query: Buffer.from(query, 'utf8').toString('base64'),
  }
}

/** BALP: the id by which this access is found in other logs. */
function requestEntity(request: string): JsonObject {
  return {
    what: { identifier: { value: request } },
    type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
  }
}

/** The name of the operation, `$validate`: its subtype only says that it was one. */
function operationEntity(name: string): JsonObject {
  return { type: { ...SYSTEM_OBJECT }, name }
}

/** MSH-10 of the message that came in. */
function messageEntity(controlId: string): JsonObject {
  return { what: { identifier: { value: controlId } }, type: { ...SYSTEM_OBJECT }, name: 'MSH-10' }
}
