/**
 * Functions that the general engine lacks, or has over the network only. https://hl7.org/fhir/R4/fhirpath.html#functions,
 * https://build.fhir.org/ig/HL7/FHIRPath/#precision--integer
 */
import fhirpath, { type ResourceNode, type UserInvocationTable } from 'fhirpath'
import model from 'fhirpath/fhir-context/r4'

import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** @param root the whole resource that the expression is evaluated on */
export function fhirFunctions(root: () => unknown): UserInvocationTable {
  return {
    resolve: {
      arity: { 0: [] },
      internalStructures: true,
      fn: (references: unknown[]) => references.flatMap((each) => targetOf(each, root())),
    },
    conformsTo: { arity: { 1: ['String'] }, internalStructures: true, fn: conformsTo },
    precision: { arity: { 0: [] }, internalStructures: true, fn: precision },
  }
}

/** As far as the resource itself goes: what it contains, and what is in the same Bundle. */
function targetOf(reference: unknown, root: unknown): unknown[] {
  const value = isNode(reference) ? (reference.data as unknown) : reference
  const text = isObject(value) ? value.reference : value
  if (typeof text !== 'string' || !isObject(root)) return []
  const target = text.startsWith('#')
    ? containedIn(ownersOf(reference, root), text.slice(1))
    : entryOf(root, text)
  // By way of the engine, so that it knows the type.
  return target
    ? fhirpath.evaluate(target, '$this', {}, model, { resolveInternalTypes: false, async: false })
    : []
}

/** The resources around a node, the nearest first, and the whole one. */
function ownersOf(node: unknown, root: JsonObject): JsonObject[] {
  const owners: JsonObject[] = []
  for (let at = isNode(node) ? node : null; at; at = at.parentResNode) {
    const data: unknown = at.data
    if (isObject(data) && typeof data.resourceType === 'string') owners.push(data)
  }
  return [...owners, root]
}

function containedIn(owners: readonly JsonObject[], id: string): JsonObject | undefined {
  // The nearest that contains anything: a contained resource contains nothing.
  const owner = owners.find(({ contained }) => contained !== undefined) ?? owners[0]
  return id === '' ? owner : objectsOf(owner?.contained).find((each) => each.id === id)
}

function entryOf(root: JsonObject, reference: string): JsonObject | undefined {
  const entry = objectsOf(root['entry']).find(
    ({ fullUrl, resource }) =>
      fullUrl === reference ||
      (isObject(resource) && reference === `${String(resource.resourceType)}/${String(resource.id)}`),
  )
  return entry && isObject(entry.resource) ? entry.resource : undefined
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/'

/** To a type of R4; profiles are not looked up here. @throws for any other URL */
function conformsTo(values: unknown[], url: string): boolean[] {
  const { type2Parent } = model
  const name = url.startsWith(CORE) ? url.slice(CORE.length) : ''
  if (!Object.hasOwn(type2Parent, name) && !Object.values(type2Parent).includes(name))
    throw new Error('conformsTo: not a type of R4')
  const [value] = values
  if (values.length !== 1 || !isNode(value)) return []
  for (let type = value.fhirNodeDataType ?? undefined; type !== undefined; type = type2Parent[type])
    if (type === name) return [true]
  return [false]
}

/** Digits after the point of a decimal; digits of a date or time, without its zone. */
function precision(values: unknown[]): number[] {
  if (values.length !== 1) return []
  const text = String(fhirpath.util.valDataConverted(values[0]))
  if (/^-?\d+(?:\.\d+)?$/.test(text) && !/^\d{4}$/.test(text)) return [text.split('.')[1]?.length ?? 0]
  return [text.replace(/(?:Z|[+-]\d\d:\d\d)$/, '').replaceAll(/\D/g, '').length]
}

function isNode(value: unknown): value is ResourceNode {
  return typeof value === 'object' && value !== null && 'fhirNodeDataType' in value
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
