/** For tests: a channel with its door, journal, tables and the real store, which refuses what is no valid R4. */
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { loadDefinitions, makeElementTree } from '../fhir/index.ts'
import { readAck } from '../hl7/index.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Program } from '../mapping/index.ts'
import { testStore } from '../store/testing.ts'
import type { Hl7Channel } from './config/channel.ts'
import { loadHl7Programs, makeHl7Transform } from './hl7-transform.ts'
import { memoryQueue, peer, testChannels } from './testing.ts'

export const definitions = loadDefinitions()
const tree = makeElementTree(definitions)

/** The tables of a channel with its presets. */
export async function programOf(channel: Hl7Channel): Promise<Program> {
  const { program, programs } = await loadHl7Programs({ folder: 'config/mapping', tree, channels: [channel] })
  return programs.get(channel.channel) ?? program
}

export interface Pipeline {
  readonly database: TestDatabase
  /** Sends bytes and waits until nothing is left to do; gives the code of the acknowledgement. */
  send(raw: Buffer): Promise<string | undefined>
  /** What is stored of a type. */
  bodies(type: string): Promise<Record<string, unknown>[]>
  /** Type, id and version of everything. */
  versions(): Promise<unknown[]>
}

export async function withPipeline(
  channel: Hl7Channel,
  run: (pipeline: Pipeline) => Promise<void>,
): Promise<void> {
  await using database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  const { repository } = testStore(db, systemClock, 'enforce')
  const wakeQueue = memoryQueue()
  const transform = makeHl7Transform(await programOf(channel))
  const channels = testChannels(db, tenant, { channels: [channel], wakeQueue, repository, transform })
  await channels.startWork()
  const intake = channels.intakeFor(channel.channel)
  await run({
    database,
    async send(raw) {
      const ack = await intake(raw, peer)
      await wakeQueue.idle()
      return ack && readAck(ack)?.code
    },
    async bodies(type) {
      const rows = await ownerQuery<{ id: string }>(
        'select id from passerelle.resource where type = $1 order by rid',
        [type],
      )
      const stored = await Promise.all(rows.map(({ id }) => repository.read(tenant, type, id)))
      return stored.flatMap((each) =>
        each === undefined ? [] : [JSON.parse(each.body) as Record<string, unknown>],
      )
    },
    versions: () => ownerQuery('select type, id, version from passerelle.resource order by type, id'),
  })
  await channels.stopWork()
}
