/**
 * $explain: how a search of a type is answered, for administrators: its criteria as they were understood, what was chosen
 * to begin with and from which counts, each statement with PostgreSQL's own account of it, and the times. The search is
 * run for that, but its resources are not shown.
 */
import {
  type Criterion,
  parametersResource,
  type SearchRequest,
  valueParameter,
} from '../../../fhir/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { Explanation } from '../../../store/index.ts'
import { NOTHING_SEEN } from '../interaction.ts'
import { pageRequest } from '../search-answer.ts'
import { permitted, searchable } from '../search-scopes.ts'
import type { Operation } from './operation.ts'

export const explain: Operation = {
  name: 'explain',
  definition: 'urn:passerelle:operation:explain',
  summary: 'How a search is answered: plan, statements, times',
  levels: ['type'],
  affectsState: false,
  parameters: [],
  takesSearch: true,
  role: 'admin',
  scope: 's',
  async run(service, { request }) {
    const { type, caller } = request
    if (type === 'AuditEvent')
      throw new Failure('unsupported', 'interaction-not-offered', { type, interaction: '$explain' })
    const { parameters, cursor, includesFrom } = pageRequest(service, request, `/${type}`)
    const { tenant, lenient } = caller
    const parsed = permitted(caller, service.parseSearch(tenant, type, parameters, { lenient }))
    const search = { ...parsed, ...(cursor !== undefined && { cursor }) }
    const explanation = await service.search.explain(tenant, search, {
      allows: searchable(caller),
      includesFrom,
    })
    const told = [...aboutSearch(search), ...aboutAnswer(explanation)]
    return { status: 200, body: JSON.stringify(parametersResource(told)), seen: NOTHING_SEEN }
  },
}

function aboutSearch({ type, criteria, sort, includes, count, total, ignored }: SearchRequest): JsonObject[] {
  return [
    valueParameter('type', 'code', type),
    ...criteria.map((criterion) => parts('criterion', aboutCriterion(criterion))),
    ...sort.map(({ param, descending }) =>
      valueParameter('sort', 'string', `${descending ? '-' : ''}${param.code} (${param.type})`),
    ),
    ...includes.map(({ reverse, source, param, target, iterate }) => {
      const name = [source ?? '*', param?.code ?? '*', ...(target === undefined ? [] : [target])].join(':')
      const kind = reverse ? '_revinclude' : '_include'
      return valueParameter('include', 'string', `${kind}${iterate ? ':iterate' : ''} ${name}`)
    }),
    valueParameter('count', 'integer', count),
    valueParameter('total', 'code', total),
    ...ignored.map((name) => valueParameter('ignored', 'string', name)),
  ]
}

/** What was understood, by names and kinds. The values are the caller's own and in the query. */
function aboutCriterion(criterion: Criterion): JsonObject[] {
  const by = valueParameter('by', 'code', criterion.by)
  switch (criterion.by) {
    case 'parameter': {
      const { param, modifier, values } = criterion
      return [
        by,
        valueParameter('parameter', 'string', param.code),
        valueParameter('kind', 'code', param.type),
        ...(modifier === undefined ? [] : [valueParameter('modifier', 'code', modifier)]),
        ...(param.own === undefined ? [] : [valueParameter('definition', 'uri', param.url)]),
        valueParameter('values', 'integer', values.length),
      ]
    }
    case 'chain':
      return [
        by,
        valueParameter('parameter', 'string', criterion.param.code),
        ...criterion.targets.map(({ type, criterion: of }) =>
          parts('target', [valueParameter('type', 'code', type), ...aboutCriterion(of)]),
        ),
      ]
    case 'has': {
      const { type, param } = criterion
      return [
        by,
        valueParameter('type', 'code', type),
        valueParameter('parameter', 'string', param.code),
        parts('criterion', aboutCriterion(criterion.criterion)),
      ]
    }
    case 'all':
    case 'any':
      return [by, ...criterion.of.map((one) => parts('criterion', aboutCriterion(one)))]
    case 'not':
      return [by, parts('criterion', aboutCriterion(criterion.of))]
    case 'compartment':
    case 'patients':
    case 'list':
    case 'text':
      return [by]
  }
}

function aboutAnswer({ page, failure, ms, steps }: Explanation): JsonObject[] {
  return [
    ...steps.map(aboutStep),
    ...(failure === undefined ? [] : [valueParameter('failure', 'code', failure)]),
    ...(page === undefined ? [] : [valueParameter('found', 'integer', page.entries.length)]),
    ...(page?.included === undefined ? [] : [valueParameter('included', 'integer', page.included.length)]),
    ...(page?.total === undefined ? [] : [valueParameter('matches', 'integer', page.total)]),
    milliseconds(ms),
  ]
}

function aboutStep(step: Explanation['steps'][number]): JsonObject {
  if (step.by === 'choice') {
    const { conditions, limit } = step
    return parts('choice', [
      valueParameter('limit', 'integer', limit),
      ...conditions.map(({ condition, count }) =>
        parts('condition', [
          valueParameter('condition', 'string', condition),
          valueParameter('count', 'integer', count),
        ]),
      ),
    ])
  }
  const { shape, driver, sql, rows, ms, plan } = step
  return parts('statement', [
    ...(shape === undefined ? [] : [valueParameter('shape', 'string', shape)]),
    ...(driver === undefined ? [] : [valueParameter('driver', 'string', driver)]),
    valueParameter('sql', 'string', sql.trim()),
    valueParameter('rows', 'integer', rows),
    milliseconds(ms),
    ...(plan === undefined ? [] : [valueParameter('plan', 'string', JSON.stringify(plan))]),
  ])
}

function parts(name: string, part: readonly JsonObject[]): JsonObject {
  return { name, part: [...part] }
}

function milliseconds(ms: number): JsonObject {
  return valueParameter('milliseconds', 'decimal', Math.round(ms * 1000) / 1000)
}
