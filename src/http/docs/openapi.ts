/**
 * The HTTP interface as an OpenAPI document: FHIR from the registered interactions, and what the other parts say of
 * their own routes. https://spec.openapis.org/oas/v3.1.1.html
 */
import type { JsonObject } from '../../kernel/json.ts'
import { describeFhir } from './fhir-operations.ts'
import type { Interaction } from '../fhir/interaction.ts'

/** One method of one path. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** From the root, `{name}` for what varies. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  /** Needs a bearer token. */
  readonly secured: boolean
  /** Names of query parameters and headers beyond those of the path. */
  readonly query?: readonly string[]
  readonly headers?: readonly string[]
  /** Media types of the request body. */
  readonly accepts?: readonly string[]
  /** Status → what it means. */
  readonly answers: Readonly<Record<number, string>>
  /** Media types of the answers. */
  readonly produces?: readonly string[]
}

export interface DocumentedInterface {
  readonly version: string
  readonly interactions: readonly Interaction[]
  /** That resources come and go in. */
  readonly mediaTypes: readonly string[]
  readonly resourceTypes: readonly string[]
  /** Of other routers. */
  readonly operations: readonly Operation[]
}

/** Every operation, FHIR first. */
export function operationsOf({
  interactions,
  mediaTypes,
  operations,
}: DocumentedInterface): readonly Operation[] {
  return [...describeFhir(interactions, mediaTypes), ...operations]
}

/** @param origin `https://host[:port]` */
export function openApiDocument(described: DocumentedInterface, origin: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const operation of operationsOf(described)) {
    const item = (paths[operation.path] ??= {})
    item[operation.method] = operationObject(operation, described.resourceTypes)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Passerelle',
      version: described.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: origin }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: `${origin}/oauth2/token`,
              scopes: { 'system/*.cruds': 'Everything, of every resource type' },
            },
          },
        },
      },
    },
  }
}

function operationObject(operation: Operation, resourceTypes: readonly string[]): JsonObject {
  const { tag, summary, secured, accepts, answers, produces = ['application/json'] } = operation
  const described: JsonObject = {
    tags: [tag],
    summary,
    security: secured ? [{ token: [] }] : [],
    parameters: parametersOf(operation, resourceTypes),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, description]) => [
        status,
        response(status, description, produces),
      ]),
    ),
  }
  if (accepts) described['requestBody'] = { required: true, content: contentOf(accepts) }
  return described
}

function response(status: string, description: string, produces: readonly string[]): JsonObject {
  return status === '204' || status === '304'
    ? { description }
    : { description, content: contentOf(produces) }
}

function contentOf(mediaTypes: readonly string[]): JsonObject {
  return Object.fromEntries(mediaTypes.map((type) => [type, {}]))
}

function parametersOf(
  { path, query = [], headers = [] }: Operation,
  resourceTypes: readonly string[],
): JsonObject[] {
  const string = { type: 'string' }
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path',
    required: true,
    schema: name === 'type' ? { type: 'string', enum: [...resourceTypes] } : string,
  }))
  const inQuery = query.map((name) => ({ name, in: 'query', schema: string }))
  const inHeader = headers.map((name) => ({ name, in: 'header', schema: string }))
  return [...inPath, ...inQuery, ...inHeader]
}
