/** A request as it is kept until its turn comes, and back. */
import { Failure } from '../../../kernel/failure.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { FhirRequest, FhirService, Interaction } from '../interaction.ts'

/** What the URL and the headers said; the caller with what the token allowed when it was checked. */
type Kept = Pick<FhirRequest, 'query' | 'conditions' | 'hasBody' | 'caller'> & {
  readonly method: string
  readonly path: string
  readonly contentType?: string | undefined
}

export function keep(
  { query, conditions, hasBody, caller }: FhirRequest,
  { method, path, contentType }: Pick<Kept, 'method' | 'path' | 'contentType'>,
): JsonObject {
  const kept: Kept = {
    method,
    path,
    query,
    conditions,
    hasBody,
    caller,
    contentType,
  }
  return JSON.parse(JSON.stringify(kept)) as JsonObject
}

/** @throws Failure `not-found`/`path-unknown` when the program has no such interaction any more */
export function revive(
  service: FhirService,
  kept: JsonObject,
  body: string,
): { readonly interaction: Interaction; readonly request: FhirRequest } {
  const { method, path, contentType, ...asked } = kept as unknown as Kept
  const match = service.routes.match(method, path)
  if (!('interaction' in match)) throw new Failure('not-found', 'path-unknown')
  const { interaction, type, id, version, compartment } = match
  const request: FhirRequest = {
    ...asked,
    type,
    id,
    version,
    compartment,
    resource: async () => service.formats.ofBody(contentType).parse(body),
    body: async () => ({ contentType, text: body }),
  }
  return { interaction, request }
}
