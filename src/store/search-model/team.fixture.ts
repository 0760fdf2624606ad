/** A search parameter of a tenant's own, the team of a practitioner, and who has one. */
import type { JsonObject } from '../../kernel/json.ts'

export const EXT = 'http://example.org/team'

export function definition(more: JsonObject = {}): JsonObject {
  return {
    resourceType: 'SearchParameter',
    url: 'http://example.org/sp/team',
    name: 'Team',
    description: 'Team',
    status: 'active',
    code: 'team',
    base: ['Practitioner'],
    type: 'token',
    expression: `Practitioner.extension('${EXT}').value`,
    ...more,
  }
}

export const practitioner = (team: string): JsonObject => ({
  resourceType: 'Practitioner',
  extension: [{ url: EXT, valueCode: team }],
})
