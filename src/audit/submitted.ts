/**
 * AuditEvents that clients send. They are kept word for word and never change; what search needs is read from them.
 * https://hl7.org/fhir/R4/auditevent.html: "Servers that provide support for Audit Event resources SHOULD NOT accept
 * update or delete operations on the resources."
 */
import { toInstant } from '../kernel/clock.ts'
import { Failure } from '../kernel/failure.ts'
import { isObject, type ExactJson, type Json, type JsonObject } from '../kernel/json.ts'
import {
  actionToken,
  agentNames,
  agentToken,
  entityTokens,
  kindToken,
  outcomeToken,
  subtypeToken,
  typeToken,
  type AuditEntity,
  type SubmittedAuditEvent,
} from '../store/index.ts'

/**
 * What is stored of a valid AuditEvent. `now` is when it came in; an event from the future is kept at that moment.
 * @throws Failure `invalid`/`audit-event-recorded` when it says that it was recorded before 1970
 */
export function readSubmitted(event: ExactJson, now: number): SubmittedAuditEvent {
  const { value } = event
  const at = Date.parse(text(value['recorded']) ?? '')
  if (Number.isNaN(at) || at < 0) {
    throw new Failure('invalid', 'audit-event-recorded', {}, { expression: ['AuditEvent.recorded'] })
  }
  const agents = objects(value['agent'])
  const names = agents.flatMap(namesOfAgent)
  const entities = objects(value['entity']).flatMap(({ what }) => localReference(what))
  const persons = [...entities, ...agents.flatMap(({ who }) => localReference(who))]
  const patients = persons.filter(({ type }) => type === 'Patient').map(({ id }) => id)
  const action = text(value['action']) ?? 'E'
  const outcome = Number(text(value['outcome']) ?? 0)
  return {
    at: Math.min(at, now),
    action,
    outcome,
    agent:
      agents.filter(({ requestor }) => requestor === true).flatMap(namesOfAgent)[0] ?? names[0] ?? 'unknown',
    entities,
    patients,
    tokens: [
      ...names.map(agentToken),
      ...entityTokens(entities, patients),
      ...codes([value['type']]).map(typeToken),
      ...codes(objects(value['subtype'])).map(subtypeToken),
      kindToken('submitted'),
      actionToken(action),
      outcomeToken(outcome),
    ].filter((token) => token !== undefined),
    content: JSON.stringify(contentOf(event, now)),
  }
}

/** Without what the columns have: type and id. */
function contentOf({ exact }: ExactJson, now: number): JsonObject {
  const { resourceType: _type, id: _id, ...content } = exact
  const meta = isObject(content['meta']) ? content['meta'] : {}
  return { ...content, meta: { ...meta, versionId: '1', lastUpdated: toInstant(now) } }
}

/** Everything by which an agent may be looked for: its reference and that one's id, its identifier, its other id. */
function namesOfAgent({ who, altId }: JsonObject): string[] {
  const { reference, identifier } = isObject(who) ? who : {}
  const names = [text(reference), isObject(identifier) ? text(identifier['value']) : undefined, text(altId)]
  return names.filter((name) => name !== undefined).flatMap(agentNames)
}

function localReference(what: Json | undefined): AuditEntity[] {
  const reference = isObject(what) ? text(what['reference']) : undefined
  const match = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/(\d+))?$/.exec(reference ?? '')
  if (match === null) return []
  const [, type, id, version] = match
  return [{ type: type!, id: id!, ...(version !== undefined && { version: Number(version) }) }]
}

function codes(codings: readonly (Json | undefined)[]): string[] {
  return codings
    .map((coding) => (isObject(coding) ? text(coding['code']) : undefined))
    .filter((code) => code !== undefined)
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
