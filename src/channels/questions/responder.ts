/**
 * Answers queries from the store of the channel's tenant. The question is in the journal already; the access goes into
 * the audit trail before anybody gets an answer.
 */
import { type Query, readQuery } from '../../hl7/index.ts'
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { Dictionary } from '../../mapping/index.ts'
import type { AuditRecorder, AuditRow } from '../../store/index.ts'
import { formatOf } from '../format.ts'
import { findCrossReferences } from './cross-reference.ts'
import { findDemographics } from './demographics.ts'
import { makePeople, type People, type PeopleDeps } from './people.ts'
import type { Asked, Question, Responder } from './question.ts'
import { buildReply } from './reply.ts'
import { fault, type Result } from './result.ts'

export interface ResponderDeps extends PeopleDeps {
  readonly audit: AuditRecorder
  /** What a tenant keeps to read messages with: the names of its authorities. */
  readonly dictionaryOf?: ((tenant: TenantId) => Promise<Dictionary>) | undefined
}

interface Kind {
  /** MSH-9 of the answer. */
  readonly type: readonly [string, string, string]
  /** What the audit trail calls it. */
  readonly interaction: string
  find(people: People, asked: Asked, query: Query): Promise<Result>
}

/** By trigger event. */
const KINDS: Readonly<Record<string, Kind>> = {
  Q22: { type: ['RSP', 'K22', 'RSP_K21'], interaction: 'patient-demographics-query', find: findDemographics },
  Q23: {
    type: ['RSP', 'K23', 'RSP_K23'],
    interaction: 'patient-identifiers-query',
    find: findCrossReferences,
  },
}

export function makeResponder(deps: ResponderDeps): Responder {
  const { audit, clock, dictionaryOf } = deps
  const people = makePeople(deps)
  return {
    isQuestion: ({ header }) => header.messageCode === 'QBP',

    async respond(question) {
      const { tenant, channel, read, raw } = question
      const kind = KINDS[read.header.triggerEvent ?? '']
      if (kind === undefined) throw new Failure('unsupported', 'hl7-query-event')
      if (channel.queries === 'refuse') throw new Failure('forbidden', 'hl7-query-refused')
      const message = formatOf(channel).parse(raw)
      const query = readQuery(message)
      const registered = (await dictionaryOf?.(tenant))?.identifierSystems ?? []
      const namespaces = new Map([...registered, ...Object.entries(channel.identifierSystems)])
      const asked = { ...question, message, namespaces }
      const result = query === undefined ? fault('hl7-query-empty', 1) : await kind.find(people, asked, query)
      await audit.record(tenant, queryRow(question, kind.interaction, result, message.segment('QPD')?.raw))
      return buildReply({ asked, type: kind.type, result, tag: query?.tag, epochMs: clock.now() })
    },
  }

  function queryRow(
    { channel, read, peer }: Question,
    interaction: string,
    result: Result,
    query = '',
  ): AuditRow {
    const { sendingApplication, sendingFacility, controlId } = read.header
    const seen = result.did === 'found' ? result.seen : []
    return {
      at: clock.now(),
      kind: 'query',
      interaction,
      action: 'E',
      outcome: result.did === 'found' ? 0 : 4,
      agent: { id: `${sendingApplication ?? ''}|${sendingFacility ?? ''}`, kind: 'device', address: peer },
      entities: seen.map(({ type, id, version }) => ({ type, id, version })),
      patients: seen.map(({ id }) => id),
      query,
      detail: {
        channel: channel.channel,
        ...(controlId === undefined ? {} : { controlId }),
        ...(result.did === 'fault' ? { code: result.failure.code } : {}),
      },
    }
  }
}
