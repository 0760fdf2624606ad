/** A StructureDefinition that constrains a type: a profile, the definition of an extension. https://hl7.org/fhir/R4/structuredefinition.html */
import type { Definitions } from '../definitions/index.ts'
import { parseCanonical } from '../terminology/index.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'

export interface Structure {
  readonly url: string
  readonly version: string | undefined
  readonly status: string | undefined
  /** Instant; empty when it was never stored. */
  readonly lastUpdated: string
  /** The type that it constrains. */
  readonly type: string
  readonly base: string | undefined
  /** Whole when there is a snapshot; else only the differences to the base. */
  readonly elements: readonly Json[]
  readonly isWhole: boolean
}

/** undefined for what is no profile: a logical model, a definition of a type of its own. */
export function structureOf(resource: JsonObject): Structure | undefined {
  const { url, version, status, meta, type, derivation, baseDefinition, snapshot, differential } = resource
  if (typeof url !== 'string' || typeof type !== 'string' || derivation !== 'constraint') return undefined
  const whole = elementsOf(snapshot)
  return {
    url,
    version: textOf(version),
    status: textOf(status),
    lastUpdated: (isObject(meta) && textOf(meta.lastUpdated)) || '',
    type: type.slice(type.lastIndexOf('/') + 1),
    base: textOf(baseDefinition),
    elements: whole ?? elementsOf(differential) ?? [],
    isWhole: whole !== undefined,
  }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function elementsOf(part: Json | undefined): readonly Json[] | undefined {
  return isObject(part) && Array.isArray(part.element) ? part.element : undefined
}

/** The R4 type that a canonical means; undefined for a profile, R4's own included. */
export function r4Type(definitions: Definitions, canonical: string): string | undefined {
  const name = coreName(canonical)
  return name !== undefined && definitions.type(name) ? name : undefined
}

/** The last part of a canonical of R4's own definitions. */
export function coreName(canonical: string): string | undefined {
  const { url } = parseCanonical(canonical)
  return url.startsWith(CORE) ? url.slice(CORE.length) : undefined
}

const CORE = 'http://hl7.org/fhir/StructureDefinition/'
