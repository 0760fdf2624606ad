/** https://hl7.org/fhir/R4/search.html#reference */
import { isObject } from '../../../kernel/json.ts'
import type { ValueEntries } from '../entries.ts'
import { referenceTarget } from '../references.ts'
import { hasContent, isFields, type Emit, type EmitSpec, type Fields } from './emit.ts'

export function emitReference(spec: EmitSpec): Emit | undefined {
  switch (spec.type) {
    case 'canonical':
    case 'uri':
    case 'url':
      return (value, into) => addCanonical(spec.param, String(value), into)
    case 'Resource':
      return emitResource(spec)
    case 'Reference':
      return emitLiteralOrLogical(spec)
    default:
      return undefined
  }
}

/**
 * A canonical URL is found with its version and without. What has none is also spelled with an empty one, so that it
 * can be told from what names another version. https://hl7.org/fhir/R4/references.html#canonical
 */
function addCanonical(param: string, url: string, into: ValueEntries): void {
  const bar = url.indexOf('|')
  into.present.add(param)
  into.references.push({ param, target: url }, { param, target: bar < 0 ? `${url}|` : url.slice(0, bar) })
  if (bar < 0) return
  const steps = url
    .slice(bar + 1)
    .split('.')
    .slice(0, MAX_STEPS)
  for (const i of steps.keys()) {
    const target = `${url.slice(0, bar)}|${steps.slice(0, i + 1).join('.')}`
    into.references.push({ param: `${param}:below`, target })
  }
}

/** Of a version: `1`, `1.2`, `1.2.3`, … */
const MAX_STEPS = 6

/** The resource itself stands where a reference is expected: the first entry of a document or message Bundle. */
function emitResource({ param, targets = [] }: EmitSpec): Emit {
  return (value, into) => {
    if (!isObject(value)) return
    const { resourceType: type, id } = value
    if (typeof type !== 'string' || (targets.length > 0 && !targets.includes(type))) return
    into.present.add(param)
    into.embedded.push({ param, resource: value })
    if (typeof id === 'string') into.references.push({ param, target: `${type}/${id}` })
  }
}

/** `resolvesTo` narrows it to one type; of what does not show its type, a logical reference is taken for one of it. */
function emitLiteralOrLogical({ param, resolvesTo }: EmitSpec): Emit {
  const fits = (type: unknown) => resolvesTo === undefined || type === resolvesTo
  return (value, into, { toLocal, contained }) => {
    const { reference, type: named, identifier } = value as Fields
    if (isFields(identifier) && (named === undefined || fits(named))) addIdentifier(param, identifier, into)
    if (typeof reference !== 'string') {
      if (hasContent(value) && (resolvesTo === undefined || fits(named))) into.present.add(param)
      return
    }
    if (reference.startsWith('#')) {
      const inner = contained(reference.slice(1))
      if (!fits(inner?.['resourceType'] ?? named)) return
      into.present.add(param)
      if (inner) into.embedded.push({ param, resource: inner })
      return
    }
    const found = referenceTarget(reference, toLocal)
    if (!fits(found?.type ?? named)) return
    into.present.add(param)
    if (!found) return
    const { target, version } = found
    into.references.push({ param, target, ...(version !== undefined && { version }) })
  }
}

/** For `:identifier`. */
function addIdentifier(param: string, { system, value: code }: Fields, into: ValueEntries): void {
  const named = typeof system === 'string' && system !== '' ? system : undefined
  if (typeof code !== 'string' && named === undefined) return
  into.present.add(param)
  into.tokens.push({
    param: `${param}:identifier`,
    system: named,
    code: typeof code === 'string' ? code : '',
  })
}
