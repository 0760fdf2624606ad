/** FHIR interactions as documented operations. */
import { fitsInQuery } from '../../fhir/index.ts'
import type { Interaction, Route } from '../fhir/interaction.ts'
import { ANSWER_PARAMETERS } from '../fhir/query.ts'
import type { Operation } from './openapi.ts'

const FORM = 'application/x-www-form-urlencoded'

/** What any interaction may answer; each as an OperationOutcome. */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is wrong',
  401: 'No token, or not a good one',
  403: 'The token does not allow it, or is of another tenant',
  404: 'No such resource, type or path',
  406: 'The answer cannot be given in that format',
  503: 'A part that is needed is away: try again',
}

const OF_CHANGES: Readonly<Record<number, string>> = {
  409: 'Others change the same resources',
  412: 'A condition of the request does not hold',
  413: 'The body is too large',
  415: 'The body is not of a type that is taken',
  422: 'The resource is not valid, or refers to what is not there',
}

const OF_DELETIONS: Readonly<Record<number, string>> = {
  409: 'Others refer to the resource, or change it',
  412: 'A condition of the request does not hold',
}

const GOOD: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted: the answer comes later',
  204: 'Deleted, or was not there',
  206: 'The part of a content that was asked for',
  304: 'The copy that the client has is still current',
}

/** @param mediaTypes that resources come and go in */
export function describeFhir(
  interactions: readonly Interaction[],
  mediaTypes: readonly string[],
): Operation[] {
  return interactions.flatMap((interaction) =>
    interaction.routes.map((route) => describe(interaction, route, mediaTypes)),
  )
}

function describe(
  interaction: Interaction,
  { method, path }: Route,
  mediaTypes: readonly string[],
): Operation {
  const { summary, answers, open, takesContent } = interaction
  const headers = headersOf(interaction)
  const isForm = path.endsWith('/_search')
  const takesBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  const { accepts = takesContent ? [...mediaTypes, '*/*'] : mediaTypes } = interaction
  return {
    method: METHODS[method],
    path: `/t/{tenant}/fhir${path}`,
    tag: 'FHIR',
    summary,
    secured: open !== true,
    headers,
    query: [...ownQuery(interaction), ...ANSWER_PARAMETERS],
    ...(takesBody && { accepts: isForm ? [FORM] : accepts }),
    answers: {
      ...Object.fromEntries(
        [...answers, ...(interaction.async ? [202] : [])].map((status) => [status, GOOD[status] ?? 'Done']),
      ),
      ...PROBLEMS,
      ...(takesBody && !isForm && OF_CHANGES),
      ...(method === 'DELETE' && OF_DELETIONS),
      ...(path.includes('{id}') && { 410: 'The resource was deleted' }),
      ...(headers.includes('Range') && { 416: 'The content has nothing in this range' }),
    },
    produces: headers.includes('Range') ? [...mediaTypes, '*/*'] : mediaTypes,
  }
}

function headersOf({ headers = [], async: isAsync }: Interaction): readonly string[] {
  return isAsync && !headers.includes('Prefer') ? [...headers, 'Prefer'] : headers
}

function ownQuery({ code, operation, query = [] }: Interaction): readonly string[] {
  if (operation) return operation.parameters.filter(fitsInQuery).map(({ name }) => name)
  return code.startsWith('search-') ? SEARCH_PARAMETERS : query
}

/** Those of every search; a type's own are in the CapabilityStatement. */
const SEARCH_PARAMETERS = ['_id', '_lastUpdated', '_count', '_sort', '_total', '_include', '_revinclude']

const METHODS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const
