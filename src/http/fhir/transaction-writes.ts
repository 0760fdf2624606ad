/** The writes of a transaction: what the store is to do for an entry, and how its outcome is told. */
import type { Change, Outcome } from '../../store/index.ts'
import { deletionOf } from './conditional-delete.ts'
import { nextConditional } from './conditional-update.ts'
import { create } from './create.ts'
import { answerDelete, nextDeletion } from './delete.ts'
import type { Answer } from './interaction.ts'
import { nextPatched } from './patch.ts'
import type { Identities, Named } from './transaction-identities.ts'
import type { Link, Links } from './transaction-links.ts'
import type { Planned, PlannedPatch } from './transaction-plan.ts'
import { answerUpdate, nextVersion } from './update.ts'
import { writtenAnswer } from './written.ts'

export interface Write {
  readonly planned: Planned
  /** One, but for a conditional delete. */
  readonly changes: readonly Change[]
  /** @param outcomes of the changes, in their order */
  answer(outcomes: readonly Outcome[]): Answer
}

/** In the order of the specification. */
export function writesOf({ deleted, patched }: Identities, { linked, link }: Links): Write[] {
  return [
    ...deleted.map(deletion),
    ...linked.map(({ draft, resource }) =>
      draft.planned.interaction === create ? creation(draft, resource) : updating(draft, resource),
    ),
    ...patched.map((named) => patching(named, link)),
  ]
}

function deletion({ planned, found }: Identities['deleted'][number]): Write {
  const { request } = planned
  const { type, id } = request
  const changes = found?.map((one) => deletionOf(request, one)) ?? [{ type, id, make: nextDeletion(request) }]
  return { planned, changes, answer: answerDelete }
}

type Resource = Links['linked'][number]['resource']

function creation({ planned, id }: Named, resource: Resource): Write {
  const { request } = planned
  const change: Change = { type: request.type, id, mustBeNew: true, method: 'POST', make: () => resource }
  return { planned, changes: [change], answer: ([outcome]) => writtenAnswer(request, outcome!, 201) }
}

function updating({ planned, id, match }: Named, resource: Resource): Write {
  const { request, criteria } = planned
  const make =
    criteria === undefined ? nextVersion(request, resource) : nextConditional(request, resource, match)
  return {
    planned,
    changes: [{ type: request.type, id, make }],
    answer: ([outcome]) => answerUpdate(request, outcome!),
  }
}

function patching({ planned, id }: Named<PlannedPatch>, link: Link): Write {
  const { request, patch } = planned
  const next = nextPatched(request, patch)
  const change: Change = {
    type: request.type,
    id,
    method: 'PATCH',
    make: (current, deleted) => link(planned, next(current, deleted)),
  }
  return { planned, changes: [change], answer: ([outcome]) => writtenAnswer(request, outcome!, 200) }
}
