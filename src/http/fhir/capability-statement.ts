/**
 * What this server says of itself, made from what is registered: interactions, resource types, search parameters.
 * https://hl7.org/fhir/R4/capabilitystatement.html
 */
import { toInstant } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { SearchModel } from '../../store/index.ts'
import type { FhirService, Interaction } from './interaction.ts'
import { offers } from './offers.ts'
import { patchFormats } from './patch-formats.ts'
import type { SearchableBy } from './sources.ts'

const SECURITY_SERVICE = 'http://terminology.hl7.org/CodeSystem/restful-security-service'
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris'

const CONTENT = 'Content of any type is taken and given as it is, in part too, with X-Security-Context.'

/** @param base absolute FHIR base of the tenant: `https://host/t/demo/fhir` */
export function capabilityStatement(service: FhirService, base: string, model: SearchModel): JsonObject {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: toInstant(service.clock.now()).slice(0, 10),
    kind: 'instance',
    software: { name: 'Passerelle', version: service.version },
    implementation: { description: 'Passerelle FHIR R4 server', url: base },
    fhirVersion: '4.0.1',
    format: service.formats.all.flatMap(({ name, types }) => [types[0], name]),
    patchFormat: patchFormats.map(({ mediaTypes }) => mediaTypes[0]),
    rest: [
      {
        mode: 'server',
        documentation: asyncDocumentation(service.interactions),
        security: security(service, base.replace(/\/t\/[^/]+\/fhir$/, '')),
        resource: service.definitions.resourceTypes.map((type) => resource(service, model, type)),
        interaction: service.interactions
          .filter(isOfSystem)
          .flatMap(({ code, claims = [code] }) => claims.map((claim) => ({ code: claim }))),
        searchParam: SPECIAL_PARAMETERS.map(([name, type, documentation]) => ({ name, type, documentation })),
        ...operationList(service.interactions, (path) => !path.startsWith('/{type}')),
        compartment: Object.keys(service.definitions.compartments).map(
          (name) => `http://hl7.org/fhir/CompartmentDefinition/${name.toLowerCase()}`,
        ),
      },
    ],
  }
}

function security(service: FhirService, origin: string): JsonObject {
  return {
    extension: [{ url: OAUTH_URIS, extension: [{ url: 'token', valueUri: `${origin}/oauth2/token` }] }],
    cors: service.cors,
    service: [
      { coding: [{ system: SECURITY_SERVICE, code: 'SMART-on-FHIR' }], text: 'OAuth 2.0 with SMART scopes' },
    ],
  }
}

/** R4 has no element for it. https://hl7.org/fhir/R4/async.html */
function asyncDocumentation(interactions: readonly Interaction[]): string {
  const codes = interactions
    .filter((each) => each.async)
    .flatMap(({ code, claims = [code], operation }) => (operation ? `$${operation.name}` : claims))
  return `Prefer: respond-async is heeded for ${[...new Set(codes)].join(', ')}.`
}

function isOfSystem({ code, operation, routes }: Interaction): boolean {
  return routes.some(({ path }) => !path.includes('{')) && code !== 'capabilities' && operation === undefined
}

function resource(service: FhirService, model: SearchModel, type: string): JsonObject {
  const ofType = (path: string) => path.startsWith('/{type}')
  const all = service.interactions.filter(
    (interaction) => offers(type, interaction) && interaction.routes.some(({ path }) => ofType(path)),
  )
  const offered = all.filter(({ operation }) => operation === undefined)
  const has = (code: string, conditional?: true) =>
    offered.some((each) => each.code === code && each.conditional === conditional)
  const description: JsonObject = {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(type === 'Binary' && offered.some(({ takesContent }) => takesContent) && { documentation: CONTENT }),
    interaction: [...new Set(offered.map(({ code }) => code))].map((code) => ({ code })),
    versioning: has('update') ? 'versioned-update' : 'no-version',
    readHistory: has('vread'),
    updateCreate: has('update'),
    conditionalCreate: has('create') && has('update'),
    conditionalRead: 'full-support',
    conditionalUpdate: has('update', true),
    conditionalDelete: conditionalDeletes(service, has('delete', true)),
    referencePolicy: ['literal', 'logical', ...(has('update') ? enforced(service) : [])],
  }
  const parameters = service.resources(type).parameters(type, model)
  if (parameters.length > 0) description['searchParam'] = parameters.map(searchParam)
  const { searchInclude, searchRevInclude } = includes(service, model, type)
  if (searchInclude.length > 1) description['searchInclude'] = searchInclude
  if (searchRevInclude.length > 0) description['searchRevInclude'] = searchRevInclude
  return { ...description, ...operationList(all, ofType) }
}

/** https://hl7.org/fhir/R4/valueset-reference-handling-policy.html */
function enforced({ referentialIntegrity }: FhirService): string[] {
  return referentialIntegrity === 'enforce' ? ['enforced'] : []
}

/** Of all types, and not of a resource's own values. https://hl7.org/fhir/R4/search.html#all */
const SPECIAL_PARAMETERS = [
  ['_content', 'string', 'Words of all texts of the resource'],
  ['_text', 'string', 'Words of the narrative'],
  ['_filter', 'special', 'An expression of comparisons, and, or, not'],
  ['_has', 'special', 'What refers to the resource'],
  ['_list', 'special', 'What a List has'],
  ['_type', 'special', 'Types, for a search on the whole system'],
] as const

function includes({ definitions }: FhirService, model: SearchModel, type: string) {
  if (type === 'AuditEvent') return { searchInclude: [], searchRevInclude: [] }
  const references = (of: string) =>
    [...model.parameters.of(of).values()].filter(
      (one) => one.type === 'reference' && one.expression !== undefined && model.isIndexed(one, false),
    )
  const sources = definitions.resourceTypes.filter((source) => source !== 'AuditEvent')
  return {
    searchInclude: ['*', ...references(type).map(({ code }) => `${type}:${code}`)],
    searchRevInclude: sources.flatMap((source) =>
      references(source)
        .filter(({ targets }) => targets.includes(type))
        .map(({ code }) => `${source}:${code}`),
    ),
  }
}

/** https://hl7.org/fhir/R4/valueset-conditional-delete-status.html */
function conditionalDeletes({ maxConditionalDeletes }: FhirService, offered: boolean): string {
  if (!offered) return 'not-supported'
  return maxConditionalDeletes === 1 ? 'single' : 'multiple'
}

/** Of the operations that have such a path. An array must not be empty. */
function operationList(
  interactions: readonly Interaction[],
  isHere: (path: string) => boolean,
): { operation?: JsonObject[] } {
  const list = interactions
    .filter(({ routes }) => routes.some(({ path }) => isHere(path)))
    .flatMap(({ operation }) => operation ?? [])
    .map(({ name, definition }): JsonObject => ({ name, definition }))
  return list.length === 0 ? {} : { operation: list }
}

function searchParam({ code, type, url }: SearchableBy): JsonObject {
  return url === undefined ? { name: code, type } : { name: code, definition: url, type }
}
