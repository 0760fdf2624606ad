/** FHIR create interaction, conditional create included. https://hl7.org/fhir/R4/http.html#create, #ccreate */
import { Failure } from '../../kernel/failure.ts'
import { uuidv7 } from '../../kernel/ids.ts'
import type { ExactJson } from '../../kernel/json.ts'
import type { Guard } from '../../store/index.ts'
import { writeRow } from './audit-row.ts'
import { criteriaOf, findOne, raced } from './criteria.ts'
import type { Answer, FhirRequest, FhirService, Interaction } from './interaction.ts'
import { refuseParameters } from './query.ts'
import { raceName, retryRaced } from './races.ts'
import { checkType } from './resource-checks.ts'
import { writtenAnswer } from './written.ts'

export const create: Interaction = {
  code: 'create',
  summary: 'Create a resource under an id of the server',
  headers: ['If-None-Exist', 'Prefer', 'X-Security-Context'],
  takesContent: true,
  answers: [200, 201],
  routes: [{ method: 'POST', path: '/{type}' }],
  scope: 'c',
  action: 'C',
  async run(service, request) {
    refuseParameters(request.query)
    const { type, conditions } = request
    const resource = await request.resource()
    checkType(resource, type)
    const { create: submit } = service.resources(type)
    if (submit) {
      if (conditions.ifNoneExist !== undefined)
        throw new Failure('unsupported', 'if-none-exist-not-offered', { type })
      const stored = await submit(request.caller.tenant, resource)
      return writtenAnswer(request, { ...stored, did: 'created' }, 201)
    }
    return conditions.ifNoneExist === undefined
      ? createNew(service, request, resource)
      : createUnlessExists(service, request, resource, conditions.ifNoneExist)
  },
}

async function createNew(
  service: FhirService,
  request: FhirRequest,
  resource: ExactJson,
  guards: readonly Guard[] = [],
): Promise<Answer> {
  const { type, caller } = request
  const { tenant } = caller
  const [outcome] = await service.repository.commit(
    tenant,
    [{ type, id: uuidv7(), mustBeNew: true, method: 'POST', make: () => resource }],
    { audit: ([created]) => [writeRow(service, create, request, created!, 201)], guards },
  )
  return { ...writtenAnswer(request, outcome!, 201), audited: true }
}

/** One match: the resource that is there. None: a new one, on condition that there is still none when it is written. */
async function createUnlessExists(
  service: FhirService,
  request: FhirRequest,
  resource: ExactJson,
  query: string,
): Promise<Answer> {
  const { type, caller } = request
  const { tenant } = caller
  const criteria = criteriaOf(service, caller, type, query)
  return retryRaced(service, [raceName(request)], async () => {
    const match = await findOne(service, caller, criteria)
    if (!match) return createNew(service, request, resource, [{ criteria }])
    const stored = await service.repository.read(tenant, type, match.id)
    if (!stored || stored.deleted) throw raced()
    return writtenAnswer(request, { ...stored, did: 'unchanged' }, 200)
  })
}
