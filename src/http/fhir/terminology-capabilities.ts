/**
 * What this server knows of terminology, made from what is registered: the code systems of R4 that are here, and the
 * operations on them. A tenant's own are not told to who has no token.
 * https://hl7.org/fhir/R4/terminologycapabilities.html
 */
import { toInstant } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { SearchModel } from '../../store/index.ts'
import type { FhirService } from './interaction.ts'

/** @param base absolute FHIR base of the tenant: `https://host/t/demo/fhir` */
export function terminologyCapabilities(service: FhirService, base: string, model: SearchModel): JsonObject {
  const operation = (name: string) =>
    service.interactions.flatMap((each) => each.operation ?? []).find((each) => each.name === name)
  const expand = operation('expand')
  const searchesCodes = service
    .resources('ValueSet')
    .parameters('ValueSet', model)
    .some(({ code }) => code === 'code')
  return {
    resourceType: 'TerminologyCapabilities',
    status: 'active',
    date: toInstant(service.clock.now()).slice(0, 10),
    kind: 'instance',
    software: { name: 'Passerelle', version: service.version },
    implementation: { description: 'Passerelle FHIR R4 server', url: base },
    codeSystem: service.codeSystems().map(({ url, versions }) => ({
      uri: url,
      ...(versions.length > 0 && { version: versions.map((code) => ({ code })) }),
    })),
    ...(expand && { expansion: { parameter: expand.parameters.map(({ name }) => ({ name })) } }),
    // Codes that a value set lists, not those that its filters bring.
    ...(searchesCodes && { codeSearch: 'explicit' }),
    ...(operation('validate-code') && { validateCode: { translations: false } }),
    ...(operation('translate') && { translation: { needsMap: true } }),
    ...(operation('closure') && { closure: { translation: false } }),
  }
}
