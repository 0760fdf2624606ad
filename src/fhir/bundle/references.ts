/**
 * The links of a transaction: found and replaced by FHIR type, in both trees of a resource. Elements of type uri, url,
 * oid and uuid, references, and the links of a narrative are replaced; canonicals are not.
 * https://hl7.org/fhir/R4/http.html#trules, https://hl7.org/fhir/R4/bundle.html#references
 */
import { isObject, type ExactJson, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, Property, TypeDefinition } from '../definitions/index.ts'

/** What a link is to become; undefined leaves it. */
export type Replace = (link: string, kind: 'reference' | 'uri') => string | undefined

export interface ReferenceRewriter {
  /** Conditional references (`Patient?identifier=…`) in a resource, each once. */
  conditionalReferences(resource: JsonObject): string[]
  /** Every Reference.reference in a resource, in order. */
  references(resource: JsonObject): string[]
  /** The resource with its links replaced; the same one when none was. */
  rewrite(resource: ExactJson, replace: Replace): ExactJson
}

/** `Patient?identifier=…` */
export function isConditional(reference: string): boolean {
  return /^[A-Z][A-Za-z]+\?/.test(reference)
}

export function makeReferenceRewriter(definitions: Definitions): ReferenceRewriter {
  function rewriteObject(value: JsonObject, type: TypeDefinition, replace: Replace): JsonObject {
    let copy: JsonObject | undefined
    for (const name in value) {
      const property = type.properties.get(name)
      const before = value[name]!
      const after = property
        ? rewriteValue(before, property, type, replace)
        : name.startsWith('_') && type.properties.has(name.slice(1))
          ? rewriteAs(before, 'Element', replace)
          : before
      if (after !== before) (copy ??= { ...value })[name] = after
    }
    return copy ?? value
  }

  function rewriteValue(value: Json, property: Property, owner: TypeDefinition, replace: Replace): Json {
    if (Array.isArray(value)) return mapKeeping(value, (item) => rewriteValue(item, property, owner, replace))
    if (!property.primitive) return rewriteAs(value, property.type, replace)
    if (typeof value !== 'string') return value
    if (owner.path === 'Reference' && property.name === 'reference')
      return replace(value, 'reference') ?? value
    if (property.type === 'xhtml') return rewriteNarrative(value, replace)
    return LINK_TYPES.has(property.type) ? (replace(value, 'uri') ?? value) : value
  }

  function rewriteAs(value: Json, type: string, replace: Replace): Json {
    if (Array.isArray(value)) return mapKeeping(value, (item) => rewriteAs(item, type, replace))
    if (!isObject(value)) return value
    const named = type === 'Resource' ? value['resourceType'] : type
    const definition = typeof named === 'string' ? definitions.type(named) : undefined
    return definition ? rewriteObject(value, definition, replace) : value
  }

  function references(resource: JsonObject): string[] {
    const found: string[] = []
    rewriteAs(resource, 'Resource', (link, kind) => {
      if (kind === 'reference') found.push(link)
      return undefined
    })
    return found
  }

  return {
    references,
    conditionalReferences: (resource) => [...new Set(references(resource).filter(isConditional))],
    rewrite({ value, exact }, replace) {
      const rewritten = rewriteAs(value, 'Resource', replace) as JsonObject
      if (exact === value) return { value: rewritten, exact: rewritten }
      return { value: rewritten, exact: rewriteAs(exact, 'Resource', replace) as JsonObject }
    },
  }
}

const LINK_TYPES: ReadonlySet<string> = new Set(['uri', 'url', 'oid', 'uuid'])
const NARRATIVE_LINK = /(<(?:a|img)\b[^<>]*?\s(?:href|src)\s*=\s*)(["'])([^"'<>]*)\2/g

function rewriteNarrative(xhtml: string, replace: Replace): string {
  return xhtml.replaceAll(NARRATIVE_LINK, (whole: string, before: string, quote: string, link: string) => {
    const replaced = replace(link, 'uri')
    return replaced === undefined ? whole : `${before}${quote}${replaced}${quote}`
  })
}

function mapKeeping(items: readonly Json[], map: (item: Json) => Json): Json[] {
  const mapped = items.map(map)
  return mapped.some((item, i) => item !== items[i]) ? mapped : (items as Json[])
}
