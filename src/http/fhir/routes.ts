/**
 * From a method and a path below the FHIR base to an interaction. HTTP requests and Bundle entries go through the
 * same table, which is also what the CapabilityStatement and the OpenAPI document are made from.
 */
import { Failure } from '../../kernel/failure.ts'
import type { Interaction, Route } from './interaction.ts'

export interface Target {
  readonly interaction: Interaction
  readonly route: Route
  readonly type: string
  readonly id: string
  readonly version: string
  readonly compartment: string
}

/** `allow`: the methods that the path does have. */
export type RouteMatch = Target | { readonly allow: readonly string[] }

export interface RouteTable {
  /** @param path `/Patient/123`, without query */
  match(method: string, path: string): RouteMatch
}

interface CompiledRoute {
  readonly interaction: Interaction
  readonly route: Route
  readonly segments: readonly string[]
}

export function makeRouteTable(interactions: readonly Interaction[]): RouteTable {
  const routes = interactions.flatMap((interaction) =>
    interaction.routes.map((route): CompiledRoute => ({
      interaction,
      route,
      segments: segmentsOf(route.path),
    })),
  )
  // `/metadata` before `/{type}`.
  routes.sort((a, b) => variables(a) - variables(b))

  const overloaded = new Set(
    routes
      .filter((a) =>
        routes.some((b) => a !== b && a.route.path === b.route.path && a.route.method === b.route.method),
      )
      .map(({ route }) => route.path),
  )

  return {
    match(method, path) {
      const segments = segmentsOf(path)
      const wanted = method === 'HEAD' ? 'GET' : method
      const allow: string[] = []
      for (const { interaction, route, segments: pattern } of routes) {
        if (!fits(pattern, segments)) continue
        const value = (name: string) => segments[pattern.indexOf(name)] ?? ''
        // Several types may have an operation of the same name, each its own.
        if (isOfOthers(interaction, value('{type}')) && overloaded.has(route.path)) continue
        if (route.method === wanted) {
          return {
            interaction,
            route,
            type: value('{type}'),
            id: value('{id}'),
            version: value('{version}'),
            compartment: value('{compartment}'),
          }
        }
        allow.push(...(route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]))
      }
      return { allow: [...new Set(allow)] }
    },
  }
}

function isOfOthers({ operation }: Interaction, type: string): boolean {
  return operation?.types?.includes(type) === false
}

/** For what matches nothing: 405 when the path has other methods, else 404. */
export function noSuchRoute(allow: readonly string[], path: string): Failure {
  if (allow.length > 0) return new Failure('unsupported', 'method-not-allowed', { allow: allow.join(', ') })
  const operation = /\/\$([a-z-]{1,40})\/?$/.exec(`/${path}`)?.[1]
  return operation === undefined
    ? new Failure('not-found', 'path-unknown')
    : new Failure('not-found', 'operation-unknown', { operation: `$${operation}` })
}

/** Without the empty ones at either end; percent-decoded. A segment that can't be decoded fits nothing. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/')
  if (segments[0] === '') segments.shift()
  if (segments.at(-1) === '') segments.pop()
  return path.includes('%') ? segments.map(decode) : segments
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, i) => (part.startsWith('{') ? isValue(segments[i]!) : part === segments[i]))
  )
}

/** `_history`, `$validate` and the like are never a type or an id. */
function isValue(segment: string): boolean {
  return segment !== '' && segment !== 'metadata' && !segment.startsWith('_') && !segment.startsWith('$')
}

function variables({ segments }: CompiledRoute): number {
  return segments.filter((segment) => segment.startsWith('{')).length
}
