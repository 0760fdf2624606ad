/** FHIR capabilities interaction. https://hl7.org/fhir/R4/http.html#capabilities */
import { createHash } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import { Failure } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { capabilityStatement } from './capability-statement.ts'
import { matchesTag } from './etag.ts'
import { type FhirService, type Interaction, NOTHING_SEEN } from './interaction.ts'
import { refuseParameters, resourceParameters } from './query.ts'
import { terminologyCapabilities } from './terminology-capabilities.ts'

/** The statement names its own URL, and clients choose the Host header, so the number kept is bounded. */
const MAX_STATEMENTS = 64

/** By `mode`. All that this server says of itself is normative in R4, so that two of them are the same. */
const STATEMENTS: Readonly<Record<string, (service: FhirService, base: string) => JsonObject>> = {
  full: capabilityStatement,
  normative: capabilityStatement,
  terminology: terminologyCapabilities,
}

interface Statement {
  readonly text: string
  readonly etag: string
}

export function makeCapabilities(): Interaction {
  const statements = new LRUCache<string, Statement>({ max: MAX_STATEMENTS })

  function statementFor(service: FhirService, mode: string, base: string): Statement {
    const describe = Object.hasOwn(STATEMENTS, mode) ? STATEMENTS[mode] : undefined
    if (describe === undefined) {
      const modes = Object.keys(STATEMENTS).join(', ')
      throw new Failure('invalid', 'metadata-mode', { modes }, { expression: ['mode'] })
    }
    const name = `${mode} ${base}`
    const known = statements.get(name)
    if (known !== undefined) return known
    const made = withEtag(JSON.stringify(describe(service, base)))
    statements.set(name, made)
    return made
  }

  return {
    code: 'capabilities',
    summary: 'What this server can do',
    query: ['mode'],
    headers: ['If-None-Match'],
    answers: [200, 304],
    routes: [{ method: 'GET', path: '/metadata' }],
    open: true,
    action: 'R',
    async run(service, request) {
      refuseParameters(request.query, ['mode'])
      const mode = resourceParameters(request.query).get('mode') ?? 'full'
      const { text, etag } = statementFor(service, mode, request.caller.base)
      const { ifNoneMatch } = request.conditions
      const fresh = ifNoneMatch !== undefined && matchesTag(ifNoneMatch, etag)
      return { status: fresh ? 304 : 200, body: fresh ? undefined : text, etag, seen: NOTHING_SEEN }
    },
  }
}

function withEtag(text: string): Statement {
  return { text, etag: `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
}
