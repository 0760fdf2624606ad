/** FHIR capabilities interaction. https://hl7.org/fhir/R4/http.html#capabilities */
import { createHash } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import { capabilityStatement } from './capability-statement.ts'
import { matchesTag } from './etag.ts'
import { type Interaction, NOTHING_SEEN } from './interaction.ts'
import { refuseParameters } from './query.ts'

/** The statement names its own URL, and clients choose the Host header, so the number kept is bounded. */
const MAX_STATEMENTS = 32

export function makeCapabilities(): Interaction {
  const statements = new LRUCache<string, { readonly text: string; readonly etag: string }>({
    max: MAX_STATEMENTS,
  })

  return {
    code: 'capabilities',
    summary: 'What this server can do',
    headers: ['If-None-Match'],
    answers: [200, 304],
    routes: [{ method: 'GET', path: '/metadata' }],
    open: true,
    action: 'R',
    async run(service, request) {
      refuseParameters(request.query)
      const { base } = request.caller
      let statement = statements.get(base)
      if (statement === undefined) {
        statement = withEtag(JSON.stringify(capabilityStatement(service, base)))
        statements.set(base, statement)
      }
      const { text, etag } = statement
      const { ifNoneMatch } = request.conditions
      const fresh = ifNoneMatch !== undefined && matchesTag(ifNoneMatch, etag)
      return { status: fresh ? 304 : 200, body: fresh ? undefined : text, etag, seen: NOTHING_SEEN }
    },
  }
}

function withEtag(text: string): { text: string; etag: string } {
  return { text, etag: `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
}
