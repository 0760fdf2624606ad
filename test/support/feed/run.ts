/** Sends a feed through journal, workers, mapping and store, as the program does, and says what is there afterwards. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Channel, loadHl7Programs, makeChannels, makeHl7Transform } from '../../../src/channels/index.ts'
import { noMetrics } from '../../../src/channels/metrics.ts'
import { labChannel, memoryQueue, peer } from '../../../src/channels/testing.ts'
import { loadDefinitions, makeElementTree, makeValidator } from '../../../src/fhir/index.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLog } from '../../../src/kernel/log.ts'
import { openFileBlobStore } from '../../../src/store/blobs/index.ts'
import { keepBinaries, makeJournal } from '../../../src/store/index.ts'
import { testStore } from '../../../src/store/testing.ts'
import type { TestDatabase } from '../database.ts'
import { testFolder } from '../folder.ts'

export interface StoredResource {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly content: string
}

const MAX_ROUNDS = 1_000

/** Lanes whose head is neither held nor waits for another lane. */
const OPEN_LANES = `
  with head as (select distinct on (lane) * from passerelle.message_turn order by lane, message)
  select lane::text from head h
  where not held and not exists (
    select from head other where other.lane = any(h.other_lanes) and other.message <> h.message
  )`

export async function feedRunner(database: Pick<TestDatabase, 'db' | 'tenant' | 'ownerQuery'>) {
  const folder = await testFolder()
  const { db, tenant, ownerQuery } = database
  const definitions = loadDefinitions()
  const validator = makeValidator(definitions)
  const { program } = await loadHl7Programs({
    folder: 'config/mapping',
    tree: makeElementTree(definitions),
    channels: [],
  })
  const blobs = await openFileBlobStore({ folder: join(folder.path, 'binaries'), orphanAgeMs: 0 })
  const store = keepBinaries(testStore(db), { db, blobs })
  const wakeQueue = memoryQueue()
  const channel: Channel = labChannel(
    'retry: { firstDelaySeconds: 0.005, maxDelaySeconds: 0.05, attempts: 50 }\n',
  )
  const channels = makeChannels({
    channels: [channel],
    tenants: new Map([[channel.tenant, tenant]]),
    journal: makeJournal(db),
    repository: store.repository,
    reassignments: store.reassignments,
    wakeQueue,
    transform: makeHl7Transform(program),
    clock: systemClock,
    random: () => 0.5,
    metrics: noMetrics,
    log: silentLog,
  })
  await channels.startWork()

  const resources = () =>
    ownerQuery<StoredResource>(
      `select type, id, version::int, (content || jsonb_build_object('resourceType', type)
         #- '{meta,versionId}' #- '{meta,lastUpdated}')::text as content
       from passerelle.resource where not deleted order by type, id`,
    )

  /**
   * The queue of tests forgets what is to be tried later, so it is told again which lanes have something to do. What
   * waits behind a message that is held waits for a person.
   */
  async function settle(): Promise<void> {
    for (let round = 0; ; round += 1) {
      await wakeQueue.idle()
      const open = await ownerQuery<{ lane: string }>(OPEN_LANES)
      if (open.length === 0) return
      if (round === MAX_ROUNDS) throw new Error(`${open.length} lanes do not come to an end`)
      if (round > 0) await sleep(20)
      await wakeQueue.wake(open.map(({ lane }) => ({ tenant, channel: channel.channel, lane })))
    }
  }

  return {
    program,
    /** Takes the messages in, and resolves when all are handled. */
    async send(messages: readonly Buffer[]): Promise<void> {
      const intake = channels.intakeFor(channel.channel)
      for (let at = 0; at < messages.length; at += 64) {
        await Promise.all(messages.slice(at, at + 64).map((raw) => intake(raw, peer)))
        await settle()
      }
    },
    resources,
    /** State of messages → how many, and why those are held that are. */
    async states() {
      const rows = await ownerQuery<{
        state: string
        type: string | null
        error: string | null
        count: number
      }>(
        `select state, case when state <> 'done' then type end as type, case when state <> 'done' then last_error end as error, count(*)::int as count
         from passerelle.message group by 1, 2, 3 order by 1, 2`,
      )
      return rows
    },
    /** As if the messages had never come; what they made stays. */
    async forgetMessages(): Promise<void> {
      await ownerQuery('truncate passerelle.message_turn, passerelle.message_identity, passerelle.message')
    },
    /** What R4 says against the resources, and references that lead to nothing. */
    async problems(): Promise<string[]> {
      const all = (await resources()).map((each) => ({
        ...each,
        resource: JSON.parse(each.content) as never,
      }))
      const known = new Set(all.map(({ type, id }) => `${type}/${id}`))
      return all.flatMap(({ type, id, resource, content }) => [
        ...validator
          .validate(resource, type)
          .map((issue) => `${type} ${issue.expression?.join()} ${issue.diagnostics}`),
        ...[...content.matchAll(/"reference": "([^"#]+)"/g)]
          .map(([, reference]) => reference!)
          .filter((reference) => !known.has(reference.replace(/\/_history\/\d+$/, '')))
          .map((reference) => `${type}/${id} refers to ${reference}, which is not there`),
      ])
    },
    async [Symbol.asyncDispose]() {
      await channels.stopWork()
      await folder[Symbol.asyncDispose]()
    },
  }
}
