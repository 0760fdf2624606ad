/**
 * Where the bytes of attachments go. Each gets its size and hash; one that is larger than a channel allows inside a
 * resource becomes a Binary that its url leads to. An Observation is no place for a document: what is too large there
 * becomes a DocumentReference that it is derived from. What a report and its result both hold is one Binary.
 * https://hl7.org/fhir/R4/datatypes.html#Attachment
 */
import { createHash } from 'node:crypto'
import { tenantNamespace, uuidv5 } from '../../kernel/ids.ts'
import { exactJsonOf, isExactNumber, isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { MappedResource } from './run/assemble.ts'
import type { Mapped } from './run/map-message.ts'

export interface AttachmentOptions {
  readonly tenantKey: string
  /** More bytes than this are not kept inside a resource. */
  readonly maxBytes: number
}

/** The same message with its large attachments moved; the same bytes of the same resource have the same Binary. */
export function moveAttachments(mapped: Mapped, options: AttachmentOptions): Mapped {
  const made: MappedResource[] = []
  const resources = mapped.resources.map((each) => (holdsData(each) ? withMoved(each, options, made) : each))
  if (made.length === 0 && resources.every((each, at) => each === mapped.resources[at])) return mapped
  return { ...mapped, resources: [...resources.map((each) => withTargets(each, made)), ...made] }
}

const HOLDERS: ReadonlySet<string> = new Set(['DiagnosticReport', 'DocumentReference', 'Observation'])

function holdsData({ type, resource }: MappedResource): boolean {
  return HOLDERS.has(type) && hasData(resource)
}

function hasData(json: Json): boolean {
  if (Array.isArray(json)) return json.some(hasData)
  if (!isObject(json)) return false
  for (const name in json) {
    const member = json[name]!
    if (typeof member === 'string' ? name === 'data' : hasData(member)) return true
  }
  return false
}

const EXTENSION = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value'

function withMoved(
  mapped: MappedResource,
  options: AttachmentOptions,
  made: MappedResource[],
): MappedResource {
  const moved: JsonObject[] = []
  const visit = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(visit)
    if (!isObject(json) || isExactNumber(json)) return json
    const described = isAttachment(json) ? describe(json) : undefined
    if (described === undefined)
      return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, visit(value)]))
    if (described.bytes.length <= options.maxBytes) return described.attachment
    const attachment = inBinary(mapped, described, options, made)
    if (mapped.type !== 'Observation') return attachment
    moved.push(attachment)
    return { moved: true }
  }
  const exact = withoutMoved(visit(mapped.exact) as JsonObject)
  const documents = moved.map((attachment, at) => documentOf(mapped, attachment, at, options))
  made.push(...documents)
  const derived = documents.map(({ type, id }) => ({ reference: `${type}/${id}` }))
  const before = exact['derivedFrom']
  const all =
    derived.length === 0
      ? exact
      : { ...exact, derivedFrom: [...(Array.isArray(before) ? before : []), ...derived] }
  return changed(mapped, all)
}

function isAttachment(json: JsonObject): boolean {
  return typeof json['data'] === 'string' && (typeof json['contentType'] === 'string' || 'size' in json)
}

interface Described {
  readonly bytes: Buffer
  readonly attachment: JsonObject
}

/** R4 wants the SHA-1 in base64. */
function describe(attachment: JsonObject): Described {
  const bytes = Buffer.from(attachment['data'] as string, 'base64')
  const hash = createHash('sha1').update(bytes).digest('base64')
  return { bytes, attachment: { ...attachment, size: bytes.length, hash } }
}

function inBinary(
  { type, id, resource, at }: MappedResource,
  { bytes, attachment }: Described,
  { tenantKey }: AttachmentOptions,
  made: MappedResource[],
): JsonObject {
  const { data, ...rest } = attachment
  const same = made.find((each) => each.type === 'Binary' && each.resource['data'] === data)
  if (same !== undefined) return { ...rest, url: `Binary/${same.id}` }
  const digest = createHash('sha256').update(bytes).digest('hex')
  const binary = uuidv5(tenantNamespace(tenantKey), `Binary|${type}/${id}|${digest}`)
  made.push(
    newResource(
      at,
      'Binary',
      binary,
      {
        meta: resource['meta'] ?? {},
        contentType: rest['contentType'] ?? 'application/octet-stream',
        securityContext: { reference: `${type}/${id}` },
        data: data ?? '',
      },
      'keep',
    ),
  )
  return { ...rest, url: `Binary/${binary}` }
}

/** What is left of an Observation whose attachments are elsewhere: no extension without a value. */
function withoutMoved(resource: JsonObject): JsonObject {
  const visit = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(visit)
    if (!isObject(json) || isExactNumber(json)) return json
    const entries = Object.entries(json).flatMap(([name, value]): [string, Json][] => {
      if (name !== 'extension' || !Array.isArray(value)) return [[name, visit(value)]]
      const kept = value.filter((each) => !isMoved(each)).map(visit)
      return kept.length === 0 ? [] : [[name, kept]]
    })
    return Object.fromEntries(entries)
  }
  return visit(resource) as JsonObject
}

function isMoved(extension: Json): boolean {
  if (!isObject(extension) || extension['url'] !== EXTENSION) return false
  const value = extension['valueAttachment']
  return isObject(value) && value['moved'] === true
}

function documentOf(
  mapped: MappedResource,
  attachment: JsonObject,
  position: number,
  { tenantKey }: AttachmentOptions,
): MappedResource {
  const { id, resource } = mapped
  const { meta = {}, code, subject, encounter, effectiveDateTime } = resource
  const document = uuidv5(tenantNamespace(tenantKey), `DocumentReference|Observation/${id}|${position}`)
  return newResource(mapped.at, 'DocumentReference', document, {
    meta,
    status: 'current',
    ...(code !== undefined && { type: code }),
    ...(subject !== undefined && { subject }),
    content: [{ attachment }],
    ...((encounter ?? effectiveDateTime) !== undefined && {
      context: {
        ...(encounter !== undefined && { encounter: [encounter] }),
        ...(effectiveDateTime !== undefined && { period: { start: effectiveDateTime } }),
      },
    }),
  })
}

function newResource(
  at: number,
  type: string,
  id: string,
  body: JsonObject,
  mode: MappedResource['mode'] = 'merge',
): MappedResource {
  const resource = { resourceType: type, id, ...body }
  return { type, id, resource, exact: resource, cleared: [], fallbacks: [], mode, at, trace: [] }
}

/** The Provenance of a message names all that came of it. */
function withTargets(mapped: MappedResource, made: readonly MappedResource[]): MappedResource {
  const targets = mapped.resource['target']
  if (mapped.type !== 'Provenance' || !Array.isArray(targets) || made.length === 0) return mapped
  const references = made.map(({ type, id }) => ({ reference: `${type}/${id}` }))
  return changed(mapped, { ...mapped.exact, target: [...targets, ...references] })
}

function changed(mapped: MappedResource, exact: JsonObject): MappedResource {
  return { ...mapped, exact, resource: exactJsonOf(exact).value }
}
