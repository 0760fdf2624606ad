/**
 * Every literal reference in a resource, wherever it stands: in elements, extensions, those of primitives, and contained
 * resources. What a Bundle or a Parameters carries is not walked: its references are those of the resources in it, which
 * mean each other. https://hl7.org/fhir/R4/references.html, https://hl7.org/fhir/R4/bundle.html#references
 */
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Definitions, TypeDefinition } from '../definitions/index.ts'

/** `place` gives the FHIRPath of Reference.reference; it is worked out when asked for. */
export type VisitReference = (reference: string, place: () => string) => void

export type ReferenceWalk = (resource: JsonObject, visit: VisitReference) => void

export function makeReferenceWalk(definitions: Definitions): ReferenceWalk {
  return (resource, visit) => {
    const steps: (string | number)[] = []
    const place = () => expressionOf(steps)

    function walkObject(value: JsonObject, type: TypeDefinition): void {
      for (const name in value) {
        const member = value[name]
        if (typeof member === 'object' && member !== null) {
          walkMember(name, member, type)
        } else if (name === 'reference' && type.path === 'Reference' && typeof member === 'string') {
          steps.push(name)
          visit(member, place)
          steps.pop()
        }
      }
    }

    function walkMember(name: string, member: JsonObject | Json[], owner: TypeDefinition): void {
      const property = owner.properties.get(name)
      if (property) {
        if (property.type === 'Resource' && name !== 'contained') return
        const { element, entry } = property
        walkAs(member, property.type, entry.choice ? `${element}.ofType(${property.type})` : element)
      } else if (name.startsWith('_') && owner.properties.has(name.slice(1))) {
        walkAs(member, 'Element', name.slice(1))
      }
    }

    function walkAs(value: Json, type: string, step: string | number): void {
      steps.push(step)
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) {
          if (typeof value[i] === 'object') walkAs(value[i]!, type, i)
        }
      } else if (isObject(value)) {
        const named = type === 'Resource' ? value['resourceType'] : type
        const definition = typeof named === 'string' ? definitions.type(named) : undefined
        if (definition) walkObject(value, definition)
      }
      steps.pop()
    }

    walkAs(resource, 'Resource', String(resource['resourceType']))
  }
}

function expressionOf(steps: readonly (string | number)[]): string {
  return steps.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
}
