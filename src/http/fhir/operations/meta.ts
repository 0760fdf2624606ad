/**
 * $meta: the profiles, tags and security labels of a resource, of a version, or in use by a type or the whole tenant.
 * https://hl7.org/fhir/R4/resource-operation-meta.html
 */
import { parametersResource, valueParameter } from '../../../fhir/index.ts'
import { type JsonObject, parseExactObject } from '../../../kernel/json.ts'
import type { Labels, Stored } from '../../../store/index.ts'
import { type Answer, NOTHING_SEEN, type Seen } from '../interaction.ts'
import { currentVersion } from '../read.ts'
import { thatVersion } from '../vread.ts'
import type { Operation } from './operation.ts'

export const meta: Operation = {
  name: 'meta',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta',
  summary: 'Profiles, tags and security labels',
  levels: ['system', 'type', 'instance', 'version'],
  affectsState: false,
  parameters: [],
  scope: 'r',
  async run(service, { request, level }) {
    const { type, caller } = request
    switch (level) {
      case 'instance':
        return metaOf(await currentVersion(service, request))
      case 'version':
        return metaOf(await thatVersion(service, request))
      case 'type':
        return metaAnswer(toMeta(await service.repository.labels(caller.tenant, [type])), NOTHING_SEEN)
      case 'system': {
        const { resourceTypes } = service.definitions
        return metaAnswer(toMeta(await service.repository.labels(caller.tenant, resourceTypes)), NOTHING_SEEN)
      }
    }
  },
}

/** @param stored not deleted */
export function metaOf({ type, id, version, patients, body }: Stored): Answer {
  const { meta } = parseExactObject(body).exact
  return metaAnswer(meta as JsonObject, { entities: [{ type, id, version }], patients })
}

function metaAnswer(meta: JsonObject, seen: Seen): Answer {
  return {
    status: 200,
    body: JSON.stringify(parametersResource([valueParameter('return', 'Meta', meta)])),
    seen,
  }
}

function toMeta({ profiles, tags, security }: Labels): JsonObject {
  return {
    ...(profiles.length > 0 && { profile: [...profiles] }),
    ...(security.length > 0 && { security: security.map((label) => ({ ...label })) }),
    ...(tags.length > 0 && { tag: tags.map((tag) => ({ ...tag })) }),
  }
}
