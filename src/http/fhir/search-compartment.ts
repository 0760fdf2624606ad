/**
 * FHIR search in a compartment: `/Patient/1/Observation?…`, `/Patient/1/*`.
 * https://hl7.org/fhir/R4/http.html#vsearch, https://hl7.org/fhir/R4/compartmentdefinition.html
 */
import type { Criterion } from '../../fhir/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { Caller, FhirRequest, FhirService, Interaction } from './interaction.ts'
import { answerSearch, type PageAnswer, type PageRequest } from './search-answer.ts'
import { searchable } from './search-scopes.ts'
import { searchTypes, takeTypes } from './search-types.ts'

export const searchCompartment: Interaction = {
  code: 'search-type',
  summary:
    'Search resources of a type in a compartment (Patient, Encounter, Practitioner, RelatedPerson, Device)',
  headers: ['Prefer'],
  answers: [200],
  routes: [
    { method: 'GET', path: '/{compartment}/{id}/{type}' },
    { method: 'POST', path: '/{compartment}/{id}/{type}/_search' },
  ],
  scope: 's',
  action: 'E',
  async: true,
  run(service, request) {
    const { type, compartment, id, caller } = request
    if (!membership(service, compartment, type))
      throw new Failure('not-found', 'compartment-type', { compartment })
    return answerSearch(service, request, `/${compartment}/${id}/${type}`, (page) => {
      if (type === 'AuditEvent') return ofTrail(service, request, page)
      return searchTypes(service, caller, page, [type], criteriaOf(service, request))
    })
  },
}

export const searchWholeCompartment: Interaction = {
  code: 'search-system',
  summary: 'Search resources of all types in a compartment',
  headers: ['Prefer'],
  answers: [200],
  routes: [
    { method: 'GET', path: '/{compartment}/{id}/*' },
    { method: 'POST', path: '/{compartment}/{id}/_search' },
  ],
  action: 'E',
  async: true,
  run(service, request) {
    const { compartment, id, caller } = request
    if (!service.definitions.compartments[compartment])
      throw new Failure('not-found', 'compartment-unknown', { compartment })
    return answerSearch(service, request, `/${compartment}/${id}/*`, async (page) => {
      const { parameters, named } = takeTypes(service, page.parameters)
      const types = (await compartmentTypes(service, caller, compartment)).filter(
        (type) => named.length === 0 || named.includes(type),
      )
      return searchTypes(service, caller, { ...page, parameters }, types, criteriaOf(service, request))
    })
  },
}

/** The trail knows of patients. */
function ofTrail(
  service: FhirService,
  { compartment, id, caller }: FhirRequest,
  page: PageRequest,
): Promise<PageAnswer> {
  if (compartment !== 'Patient') throw new Failure('unsupported', 'search-audit-trail')
  const parameters = new URLSearchParams(page.parameters)
  parameters.append('patient', `Patient/${id}`)
  return service.resources('AuditEvent').search(caller, 'AuditEvent', { ...page, parameters })
}

/** The types of a compartment that there are resources of, and that the token allows to search. */
export async function compartmentTypes(
  service: FhirService,
  caller: Caller,
  compartment: string,
): Promise<readonly string[]> {
  const allows = searchable(caller)
  const inUse = await service.search.types(caller.tenant)
  return inUse.filter((type) => membership(service, compartment, type) && allows(type))
}

/** Being in the compartment, as each type's own parameters say it. */
export function compartmentCriterion(
  { definitions, searchParameters }: FhirService,
  compartment: string,
  id: string,
  type: string,
): Criterion {
  const codes = definitions.compartments[compartment]?.[type] ?? []
  const params = codes.flatMap((code) => searchParameters.of(type).get(code) ?? [])
  return { by: 'compartment', compartment, id, params, self: compartment === type }
}

function criteriaOf(service: FhirService, { compartment, id }: FhirRequest) {
  return (type: string) => [compartmentCriterion(service, compartment, id, type)]
}

function membership({ definitions }: FhirService, compartment: string, type: string): boolean {
  const compartments = definitions.compartments[compartment]
  if (!compartments) throw new Failure('not-found', 'compartment-unknown', { compartment })
  return type === compartment || (compartments[type]?.length ?? 0) > 0
}
