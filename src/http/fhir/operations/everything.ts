/**
 * $everything: a patient, or an encounter, with all that is in its compartment, and who and what that refers to; of the
 * type Patient the same of all patients.
 * https://hl7.org/fhir/R4/patient-operation-everything.html, encounter-operation-everything.html
 */
import type { Criterion, Include } from '../../../fhir/index.ts'
import { Failure } from '../../../kernel/failure.ts'
import type { Caller, FhirService } from '../interaction.ts'
import { currentVersion } from '../read.ts'
import { answerSearch, type PageAnswer, type PageRequest } from '../search-answer.ts'
import { compartmentCriterion, compartmentTypes } from '../search-compartment.ts'
import { searchable } from '../search-scopes.ts'
import { searchTypes } from '../search-types.ts'
import { careDates } from './care-dates.ts'
import type { Operation, OperationCall } from './operation.ts'

/** In no compartment of their own, but without them what is in it is not understood. */
const SUPPORTING: ReadonlySet<string> = new Set([
  'Device',
  'Endpoint',
  'HealthcareService',
  'Location',
  'Medication',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Substance',
])

const DEFAULT_COUNT = 1000

function everything(type: 'Patient' | 'Encounter', levels: Operation['levels']): Operation {
  return {
    name: 'everything',
    definition: `http://hl7.org/fhir/OperationDefinition/${type}-everything`,
    summary: `All that belongs to ${type === 'Patient' ? 'a patient' : 'an encounter'}`,
    levels,
    types: [type],
    affectsState: false,
    parameters: [
      { name: 'start', min: 0, max: 1, type: 'date' },
      { name: 'end', min: 0, max: 1, type: 'date' },
      { name: '_since', min: 0, max: 1, type: 'instant' },
      { name: '_type', min: 0, max: '*', type: 'code' },
      { name: '_count', min: 0, max: 1, type: 'integer' },
      { name: '_cursor', min: 0, max: 1, type: 'string' },
    ],
    scope: 'r',
    async run(service, call) {
      const { request, level } = call
      if (level === 'instance') await currentVersion(service, request)
      const focus = level === 'instance' ? `${type}/${request.id}` : type
      return answerSearch(service, request, `/${focus}/$everything`, (page) => find(service, call, page))
    },
  }
}

export const patientEverything = everything('Patient', ['type', 'instance'])
export const encounterEverything = everything('Encounter', ['instance'])

async function find(
  service: FhirService,
  { request, input, level }: OperationCall,
  page: PageRequest,
): Promise<PageAnswer> {
  const { type: focus, id, caller } = request
  const wanted = typesIn(service, input.texts('_type'))
  const members = await compartmentTypes(service, caller, focus)
  const types = members.filter((type) => wanted === undefined || wanted.has(type))
  const parameters = new URLSearchParams({ _count: String(countOf(page)), _sort: '_lastUpdated' })
  const since = input.text('_since')
  if (since !== undefined) parameters.set('_lastUpdated', `ge${since}`)
  const period = { start: input.text('start'), end: input.text('end') }
  const dated = new Map(types.map((type) => [type, careDates(service, caller, type, period)]))
  const more = (type: string): Criterion[] => [
    ...(level === 'instance' ? [compartmentCriterion(service, focus, id, type)] : ofPatients(focus, type)),
    ...(type === focus ? [] : (dated.get(type) ?? [])),
  ]
  const found = await searchTypes(service, caller, { ...page, parameters }, types, more)
  const included = await supporting(service, caller, found, wanted)
  return { ...found, included }
}

/** All patients, and what is in the compartment of one. */
function ofPatients(focus: string, type: string): Criterion[] {
  return type === focus ? [] : [{ by: 'patients' }]
}

/** Who and what the page refers to, and what these refer to in turn. */
async function supporting(
  service: FhirService,
  caller: Caller,
  { entries }: PageAnswer,
  wanted: ReadonlySet<string> | undefined,
) {
  const allows = searchable(caller)
  const includes = service.definitions.resourceTypes.map((source): Include => ({
    reverse: false,
    source,
    param: undefined,
    target: undefined,
    iterate: true,
  }))
  return service.search.include(caller.tenant, entries, includes, (type) => {
    return SUPPORTING.has(type) && allows(type) && (wanted === undefined || wanted.has(type))
  })
}

function countOf({ parameters }: PageRequest): number {
  const text = parameters.get('_count')
  if (text === null) return DEFAULT_COUNT
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new Failure('invalid', 'count-invalid', {}, { expression: ['_count'] })
  return Math.min(Number(text), DEFAULT_COUNT)
}

function typesIn({ definitions }: FhirService, texts: readonly string[]): ReadonlySet<string> | undefined {
  const named = texts.flatMap((text) => text.split(','))
  if (named.some((type) => !definitions.isResourceType(type)))
    throw new Failure('invalid', 'search-type', {}, { expression: ['_type'] })
  return named.length === 0 ? undefined : new Set(named)
}
