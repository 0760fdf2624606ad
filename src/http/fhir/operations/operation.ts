/**
 * An operation: an interaction that is called by its name, `$validate`, with parameters. What is said here of one
 * becomes its routes, its line in the CapabilityStatement and its place in the documentation.
 * https://hl7.org/fhir/R4/operations.html
 */
import {
  fitsInQuery,
  makeParameterReader,
  type OperationInput,
  type ParameterDefinition,
} from '../../../fhir/index.ts'
import type { ScopeLetter } from '../../../access/index.ts'
import type { Answer, FhirRequest, FhirService, Interaction, Route } from '../interaction.ts'
import { resourceParameters } from '../query.ts'

/** On what it is called: `/$op`, `/{type}/$op`, `/{type}/{id}/$op`, `/{type}/{id}/_history/{version}/$op`. */
type OperationLevel = 'system' | 'type' | 'instance' | 'version'

export interface Operation {
  /** Without the `$`. */
  readonly name: string
  /** Canonical of its OperationDefinition. */
  readonly definition: string
  /** For the documentation. */
  readonly summary: string
  readonly levels: readonly OperationLevel[]
  /** Resource types that have it; left out: all. */
  readonly types?: readonly string[]
  /** Such an operation is called by POST alone, and is none of a transaction. */
  readonly affectsState: boolean
  readonly parameters: readonly ParameterDefinition[]
  /** What the token must allow: on the type, at the system level on all types. Left out: the operation checks it itself. */
  readonly scope?: ScopeLetter
  /** A role that the client must have. */
  readonly role?: string
  /** May be asked for with `Prefer: respond-async`. */
  readonly async?: true
  /** Its parameters are those of a search, which it reads itself; by POST also as a form. */
  readonly takesSearch?: true
  /** Statuses of its good answers; left out: 200. */
  readonly answers?: readonly number[]
  /** Request headers that it heeds. */
  readonly headers?: readonly string[]
  run(service: FhirService, call: OperationCall): Promise<Answer>
}

export interface OperationCall {
  readonly interaction: Interaction
  readonly request: FhirRequest
  readonly level: OperationLevel
  readonly input: OperationInput
}

/** The operation as an interaction like the others: it goes through the same gate and leaves the same audit row. */
export function asInteraction(operation: Operation): Interaction {
  const { summary, scope, role, answers = [200], headers, parameters, async: isAsync } = operation
  const interaction: Interaction = {
    code: 'operation',
    summary,
    answers,
    routes: routesOf(operation),
    action: 'E',
    operation,
    ...(scope !== undefined && { scope }),
    ...(role !== undefined && { role }),
    ...(headers !== undefined && { headers }),
    ...(isAsync && { async: isAsync }),
    async run(service, request) {
      const isRead = operation.takesSearch === true
      const body = request.hasBody && !isRead ? await request.resource() : undefined
      const query = isRead ? new URLSearchParams() : resourceParameters(request.query)
      const input = makeParameterReader(service.definitions).read(parameters, query, body)
      return operation.run(service, { interaction, request, level: levelOf(request), input })
    },
  }
  return interaction
}

const PATHS: Readonly<Record<OperationLevel, string>> = {
  system: '',
  type: '/{type}',
  instance: '/{type}/{id}',
  version: '/{type}/{id}/_history/{version}',
}

function routesOf({ name, levels, affectsState, parameters }: Operation): Route[] {
  // With optional parameters that a query can't carry it can still be called without them.
  const byGet = !affectsState && parameters.every((each) => each.min === 0 || fitsInQuery(each))
  return levels.flatMap((level): Route[] => {
    const path = `${PATHS[level]}/$${name}`
    const post: Route = { method: 'POST', path }
    return byGet ? [{ method: 'GET', path }, post] : [post]
  })
}

function levelOf({ type, id, version }: FhirRequest): OperationLevel {
  if (type === '') return 'system'
  if (id === '') return 'type'
  return version === '' ? 'instance' : 'version'
}
