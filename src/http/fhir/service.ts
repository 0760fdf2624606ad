/** Runs interactions: checks that the type has it and the token allows it, and leaves an audit row in every case. */
import { asFailure, Failure } from '../../kernel/failure.ts'
import { auditRow, criteriaIn } from './audit-row.ts'
import { guardBinaries } from './binary/index.ts'
import type { FhirDeps } from './deps.ts'
import { requireRole, requireScope } from './gate.ts'
import {
  type Answer,
  type FhirRequest,
  type FhirService,
  type Interaction,
  NOTHING_SEEN,
  type Seen,
} from './interaction.ts'
import { makeInteractions } from './interactions.ts'
import { offers } from './offers.ts'
import { isId } from './resource-checks.ts'
import { makeRouteTable } from './routes.ts'
import { statusOf } from './status.ts'
import { cutAnswer, subsetOf } from './subset.ts'

export function makeFhirService(deps: FhirDeps): FhirService {
  const refuse: FhirService['refuse'] = (interaction, request, failure) =>
    recordFailure(deps, interaction, request, failure)

  const interactions = makeInteractions()
  const service: FhirService = {
    ...deps,
    interactions,
    routes: makeRouteTable(interactions),
    admit: (interaction, request) => admit(deps, interaction, request),
    refuse,
    async perform(interaction, request) {
      let answer: Answer
      try {
        admit(deps, interaction, request)
        await deps.searchModels.fresh(request.caller.tenant)
        const subset = subsetOf(deps, interaction, request)
        const guarded = guardBinaries(service, request.caller.access)
        answer = cutAnswer(deps, interaction, request, subset, await interaction.run(guarded, request))
      } catch (thrown) {
        await refuse(interaction, request, asFailure(thrown))
        throw thrown
      }
      if (!answer.audited) await recordAnswer(deps, interaction, request, answer)
      return answer
    },
  }
  return service
}

function admit({ definitions }: FhirDeps, interaction: Interaction, request: FhirRequest): void {
  const { type, id, caller } = request
  if (type !== '' && !definitions.isResourceType(type))
    throw new Failure('not-found', 'resource-type-unknown')
  if (type !== '' && !offers(type, interaction)) {
    const called = interaction.operation && `$${interaction.operation.name}`
    throw new Failure('unsupported', 'interaction-not-offered', {
      type,
      interaction: called ?? interaction.code,
    })
  }
  if (id !== '' && !isId(id)) throw new Failure('invalid', 'id-invalid')
  if (interaction.role !== undefined) requireRole(caller.access, interaction.role)
  if (interaction.scope !== undefined)
    requireScope(caller.access, type === '' ? '*' : type, interaction.scope)
}

async function recordAnswer(
  { audit, clock }: FhirDeps,
  interaction: Interaction,
  request: FhirRequest,
  { status, seen, code }: Answer,
): Promise<void> {
  const named = code === undefined ? interaction : { ...interaction, code }
  const { caller } = request
  await audit.record(
    caller.tenant,
    auditRow(clock, named, caller, { status, seen, query: criteriaIn(request) }),
  )
}

async function recordFailure(
  { audit, clock, definitions }: FhirDeps,
  interaction: Interaction,
  request: FhirRequest,
  failure: Failure,
): Promise<void> {
  const { caller, type, id } = request
  const known = definitions.isResourceType(type) && isId(id)
  const seen: Seen = known ? { entities: [{ type, id }], patients: [] } : NOTHING_SEEN
  const row = auditRow(clock, interaction, caller, {
    status: statusOf(failure),
    seen,
    query: criteriaIn(request),
    failure: failure.code,
  })
  await audit.record(caller.tenant, row)
}
