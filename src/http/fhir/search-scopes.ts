/** What a search may look at: a chain tells of the resources that it goes through. */
import { type Access, allows } from '../../access/index.ts'
import type { Criterion, SearchRequest } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import { requireScope } from './gate.ts'
import type { Caller } from './interaction.ts'

/**
 * The search, with chains only to types that the token allows to search.
 * @throws Failure `forbidden`/`scope-insufficient` when it allows none of them, or not a type that the search names;
 * `unsupported`/`search-audit-trail` for AuditEvents, which are a view of the audit trail and no resources of the store
 */
export function permitted({ access }: Caller, request: SearchRequest): SearchRequest {
  const { type, includes } = request
  for (const { source, target, reverse } of includes) {
    if (source !== undefined && (reverse || source !== type)) requireType(access, source)
    if (target !== undefined) requireType(access, target)
  }
  return { ...request, criteria: request.criteria.map((criterion) => permittedCriterion(access, criterion)) }
}

/** For includes whose types are not named. */
export function searchable({ access }: Caller): (type: string) => boolean {
  return (type) => access !== undefined && allows(access, type, 's')
}

function permittedCriterion(access: Access | undefined, criterion: Criterion): Criterion {
  switch (criterion.by) {
    case 'chain': {
      const able = criterion.targets.filter(({ type }) => access !== undefined && allows(access, type, 's'))
      if (able.length === 0) requireType(access, criterion.targets[0]!.type)
      const targets = able.map((target) => ({
        ...target,
        criterion: permittedCriterion(access, target.criterion),
      }))
      return { ...criterion, targets }
    }
    case 'has':
      requireType(access, criterion.type)
      return { ...criterion, criterion: permittedCriterion(access, criterion.criterion) }
    case 'all':
    case 'any':
      return { ...criterion, of: criterion.of.map((one) => permittedCriterion(access, one)) }
    case 'not':
      return { ...criterion, of: permittedCriterion(access, criterion.of) }
    case 'list':
      requireType(access, 'List')
      return criterion
    case 'parameter':
    case 'compartment':
    case 'patients':
    case 'text':
      return criterion
  }
}

function requireType(access: Access | undefined, type: string): void {
  if (type === 'AuditEvent') throw new Failure('unsupported', 'search-audit-trail')
  requireScope(access, type, 's')
}
