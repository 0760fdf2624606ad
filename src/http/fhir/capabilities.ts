/** FHIR capabilities interaction. https://hl7.org/fhir/R4/http.html#capabilities */
import { createHash } from 'node:crypto'

import { LRUCache } from 'lru-cache'

import { Failure } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { SearchModel } from '../../store/index.ts'
import { capabilityStatement } from './capability-statement.ts'
import { matchesTag } from './etag.ts'
import { type Caller, type FhirService, type Interaction, NOTHING_SEEN } from './interaction.ts'
import { refuseParameters, resourceParameters } from './query.ts'
import { terminologyCapabilities } from './terminology-capabilities.ts'

/** The statement names its own URL, and clients choose the Host header, so the number kept is bounded. */
const MAX_STATEMENTS = 64

type Describe = (service: FhirService, base: string, model: SearchModel) => JsonObject

/** By `mode`. All that this server says of itself is normative in R4, so that two of them are the same. */
const STATEMENTS: Readonly<Record<string, Describe>> = {
  full: capabilityStatement,
  normative: capabilityStatement,
  terminology: terminologyCapabilities,
}

interface Statement {
  /** The tenant's own search parameters are in it. */
  readonly model: SearchModel
  readonly text: string
  readonly etag: string
}

export function makeCapabilities(): Interaction {
  const statements = new LRUCache<string, Statement>({ max: MAX_STATEMENTS })

  function statementFor(service: FhirService, mode: string, { base, tenant }: Caller): Statement {
    const describe = Object.hasOwn(STATEMENTS, mode) ? STATEMENTS[mode] : undefined
    if (describe === undefined) {
      const modes = Object.keys(STATEMENTS).join(', ')
      throw new Failure('invalid', 'metadata-mode', { modes }, { expression: ['mode'] })
    }
    const name = `${mode} ${base}`
    const model = service.searchModels.of(tenant)
    const known = statements.get(name)
    if (known?.model === model) return known
    const made = { model, ...withEtag(JSON.stringify(describe(service, base, model))) }
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
      const { text, etag } = statementFor(service, mode, request.caller)
      const { ifNoneMatch } = request.conditions
      const fresh = ifNoneMatch !== undefined && matchesTag(ifNoneMatch, etag)
      return { status: fresh ? 304 : 200, body: fresh ? undefined : text, etag, seen: NOTHING_SEEN }
    },
  }
}

function withEtag(text: string): Omit<Statement, 'model'> {
  return { text, etag: `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
}
