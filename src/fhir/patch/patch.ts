/** Patches of a resource, whatever they are written in. https://hl7.org/fhir/R4/http.html#patch */
import { asFailure, Failure } from '../../kernel/failure.ts'
import { type ExactJson, isObject, type Json, parseExactJson, parseExactObject } from '../../kernel/json.ts'
import type { TimeLimit } from '../../kernel/time-limit.ts'
import { isConditional } from '../bundle/index.ts'
import type { Definitions } from '../definitions/index.ts'
import { applyFhirPathPatch } from './fhirpath-patch.ts'
import { applyJsonPatch, type JsonPatchOperation, parseJsonPatch } from './json-patch.ts'
import type { FhirXml, XmlElement } from '../xml/index.ts'
import { parseParameters } from './parse-parameters.ts'
import { applyXmlPatch, parseXmlPatch, xmlReferencesOf } from './xml-patch.ts'

export interface Patch {
  /**
   * The resource that it makes of another one, in both trees; not yet validated.
   * @throws Failure `invalid`/`patch-…`, `conflict`/`patch-test-failed`
   */
  apply(resource: ExactJson): ExactJson
  /** The conditional references that it brings into the resource. */
  readonly conditionalReferences: readonly string[]
}

/** A path is the client's program: so long may all of a patch's take. */
const MAX_PATHS_MS = 1000

/** @throws Failure `invalid`/`json-…`, `invalid`/`patch-malformed` */
export function jsonPatch(text: string): Patch {
  const document = parseExactJson(text)
  const operations = parseJsonPatch(document.exact)
  return {
    conditionalReferences: operations.flatMap(referencesOf).filter(isConditional),
    apply: (resource) => settled(resource, applyJsonPatch(resource.exact, operations)),
  }
}

/** @throws Failure `invalid`/`patch-operation`, `invalid`/`resource-type-mismatch` */
export function fhirPathPatch(definitions: Definitions, limit: TimeLimit, parameters: ExactJson): Patch {
  if (parameters.value['resourceType'] !== 'Parameters') {
    throw new Failure(
      'invalid',
      'resource-type-mismatch',
      { expected: 'Parameters' },
      { expression: ['resourceType'] },
    )
  }
  const operations = parseParameters(parameters)
  return {
    conditionalReferences: referencesIn(parameters.value).filter(isConditional),
    apply(resource) {
      const patched = limit.within(MAX_PATHS_MS, () => applyFhirPathPatch(definitions, resource, operations))
      if (patched === undefined)
        throw new Failure('invalid', 'patch-too-slow', { seconds: MAX_PATHS_MS / 1000 })
      return settled(resource, patched.exact)
    },
  }
}

/** @throws Failure `invalid`/`xml-…`, `invalid`/`patch-…` */
export function xmlPatch(xml: FhirXml, limit: TimeLimit, text: string): Patch {
  const operations = parseXmlPatch(text)
  return {
    conditionalReferences: operations.flatMap(xmlReferencesOf).filter(isConditional),
    apply(resource) {
      const root = xml.toTree(resource.exact)
      const patched = limit.within(MAX_PATHS_MS, () => applyXmlPatch(root, operations))
      if (patched === undefined)
        throw new Failure('invalid', 'patch-too-slow', { seconds: MAX_PATHS_MS / 1000 })
      return settled(resource, resourceIn(xml, patched).exact)
    },
  }
}

/** @throws Failure `invalid`/`patch-result` with the path of what isn't FHIR */
function resourceIn(xml: FhirXml, root: XmlElement): ExactJson {
  try {
    return xml.fromTree(root)
  } catch (thrown) {
    const { expression, kind } = asFailure(thrown)
    if (kind !== 'invalid') throw thrown
    throw new Failure('invalid', 'patch-result', {}, { expression })
  }
}

/** Of a patch, whose values have no types: what stands under `reference`. */
function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'reference' && typeof member === 'string' ? [member] : referencesIn(member),
  )
}

function referencesOf(operation: JsonPatchOperation): string[] {
  if (!('value' in operation) || operation.op === 'test') return []
  return referencesIn({ [operation.path.at(-1) ?? '']: operation.value })
}

/**
 * Both trees of what a patch made, read back from its text: as deep and of such characters as any body.
 * @throws Failure `invalid`/`patch-identity` when it is another resource than before
 */
function settled(before: ExactJson, patched: Json): ExactJson {
  if (!isObject(patched)) throw new Failure('invalid', 'patch-identity')
  const after = parseExactObject(JSON.stringify(patched))
  const isSame =
    after.value['resourceType'] === before.value['resourceType'] &&
    after.value['id'] === before.value['id'] &&
    keepsVersion(before, after)
  if (!isSame) throw new Failure('invalid', 'patch-identity')
  return after
}

/** Without a version the server gives it its own. */
function keepsVersion(before: ExactJson, after: ExactJson): boolean {
  const versionOf = ({ value }: ExactJson) =>
    isObject(value['meta']) ? value['meta']['versionId'] : undefined
  const version = versionOf(after)
  return version === undefined || version === versionOf(before)
}
