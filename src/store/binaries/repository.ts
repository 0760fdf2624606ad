/**
 * A repository that keeps the large data of Binaries as blobs, whatever road they come by: create, update, patch,
 * transaction, mapping. A change is made synchronously, so what has to become a blob is first seen when it is made: then
 * nothing is written, the blobs are kept, and the commit begins again with references in their place.
 */
import { Failure } from '../../kernel/failure.ts'
import type { TenantId } from '../../kernel/ids.ts'
import type { ExactJson } from '../../kernel/json.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Change } from '../prepare.ts'
import type { CommitOptions, Repository } from '../repository.ts'
import type { BlobReferences } from './blob-references.ts'
import { base64Length, INLINE_BYTES } from './content.ts'
import { isReference } from './reference.ts'

interface Keeping {
  readonly blobs: BlobStore
  readonly references: BlobReferences
}

/** Thrown before anything is sent to the database; never leaves this file. */
class NotYetKept extends Error {}

export function keepingBlobs(repository: Repository, { blobs, references }: Keeping): Repository {
  async function keep(tenant: TenantId, data: string): Promise<string> {
    return references.to(tenant, await blobs.put(Buffer.from(data, 'base64')))
  }

  /** One try, knowing what is kept already: data → reference. */
  async function attempt(
    tenant: TenantId,
    changes: readonly Change[],
    options: CommitOptions,
    kept: ReadonlyMap<string, string>,
    round: Round,
  ) {
    const watched = changes.map((change) =>
      change.type === 'Binary' ? watch(tenant, change, kept, round) : change,
    )
    return repository.commit(tenant, watched, {
      ...options,
      audit(outcomes) {
        // All changes are made by now, and nothing is sent yet.
        if (round.large.size > 0 || (round.referred.size > 0 && !round.writesReferences))
          throw new NotYetKept()
        return options.audit?.(outcomes) ?? []
      },
      ...(round.writesReferences && {
        async with(tx, outcomes) {
          if (round.referred.size > 0) void tx.query(references.insert(tenant, round.referred))
          await options.with?.(tx, outcomes)
        },
      }),
    })
  }

  function watch(tenant: TenantId, change: Change, kept: ReadonlyMap<string, string>, round: Round): Change {
    return {
      ...change,
      make(current, deleted) {
        const made = change.make(current, deleted)
        const data = typeof made === 'string' ? undefined : made.exact['data']
        if (typeof made === 'string' || typeof data !== 'string') return made
        if (isReference(data)) {
          const isGiven = references.isGiven(tenant, data) || current?.exact['data'] === data
          if (!isGiven) throw new Failure('invalid', 'binary-data-reserved')
          if (references.isNew(tenant, data)) round.referred.add(data)
          return made
        }
        if (!isLarge(data)) return made
        const reference = kept.get(data)
        if (reference === undefined) round.large.add(data)
        else if (references.isNew(tenant, reference)) round.referred.add(reference)
        return withData(made, reference ?? 'AAAA')
      },
    }
  }

  return {
    ...repository,
    async commit(tenant, changes, options = {}) {
      if (!changes.some(({ type }) => type === 'Binary')) return repository.commit(tenant, changes, options)
      const kept = new Map<string, string>()
      let round = newRound(false)
      for (;;) {
        try {
          const outcomes = await attempt(tenant, changes, options, kept, round)
          references.written(tenant, round.referred)
          return outcomes
        } catch (thrown) {
          if (!(thrown instanceof NotYetKept)) throw thrown
        }
        for (const data of round.large) kept.set(data, await keep(tenant, data))
        round = newRound(true)
      }
    },
  }
}

/** What came up while the changes were made. */
interface Round {
  /** Data that has to become a blob. */
  readonly large: Set<string>
  /** References whose rows are not written yet. */
  readonly referred: Set<string>
  readonly writesReferences: boolean
}

function newRound(writesReferences: boolean): Round {
  return { large: new Set(), referred: new Set(), writesReferences }
}

/** What is no base64 stays, for the validator to refuse. White space may stand between the groups of four. */
function isLarge(data: string): boolean {
  if (data.length <= base64Length(INLINE_BYTES)) return false
  const packed = /\s/.test(data) ? data.replaceAll(/\s/g, '') : data
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(packed)
}

function withData({ value, exact }: ExactJson, data: string): ExactJson {
  const changed = { ...exact, data }
  return value === exact ? { value: changed, exact: changed } : { value: { ...value, data }, exact: changed }
}
