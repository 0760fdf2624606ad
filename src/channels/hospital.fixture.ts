/** A channel with the real mapping over a real store: what tests of merges and of time send to, and look at. */
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { loadDefinitions, makeElementTree } from '../fhir/index.ts'
import { systemClock } from '../kernel/clock.ts'
import type { TenantId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { makeDictionary } from '../mapping/index.ts'
import { dictionaryResources, readIdSystems } from '../store/index.ts'
import { testStore } from '../store/testing.ts'
import { loadHl7Programs, makeHl7Transform } from './hl7-transform.ts'
import { labChannel, memoryQueue, peer, testChannels } from './testing.ts'

export type StoreOfTest = ReturnType<typeof testStore>

/** A tenant of its own, whose channel is at work. */
export interface Hospital extends AsyncDisposable {
  readonly tenant: TenantId
  readonly database: TestDatabase
  readonly store: StoreOfTest
  /** Sends messages one after the other and waits until they are handled. */
  send(...messages: readonly string[]): Promise<void>
  /** The same side by side. */
  sendAtOnce(...messages: readonly string[]): Promise<void>
  /** Current resources of a type, those that are not deleted, oldest first. */
  all(type: string): Promise<JsonObject[]>
  /** The only resource of a type that has this identifier as one in force. */
  known(type: string, number: string): Promise<JsonObject>
  /** `Type/id` and version of what is stored, but for what tells of messages. */
  versions(): Promise<unknown[]>
  /** State and reason of each message, in order. */
  states(): Promise<{ state: string; reason: string | null }[]>
}

export interface Town extends AsyncDisposable {
  /** `settings` are YAML lines of its channel. */
  hospital(settings?: string): Promise<Hospital>
}

const { program } = await loadHl7Programs({
  folder: 'config/mapping',
  tree: makeElementTree(loadDefinitions()),
  channels: [],
})

/** One database for the tests of a file. */
export async function openTown(): Promise<Town> {
  const database = await testDatabase()
  const store = testStore(database.db, systemClock, 'enforce')
  let count = 0
  return {
    async hospital(settings = 'order: channel\n') {
      const tenant = await database.addTenant(`hospital-${(count += 1)}`)
      return openHospital(database, store, tenant, settings)
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

async function openHospital(
  database: TestDatabase,
  store: StoreOfTest,
  tenant: TenantId,
  settings: string,
): Promise<Hospital> {
  const { db, ownerQuery } = database
  const wakeQueue = memoryQueue()
  const channels = testChannels(db, tenant, {
    channels: [labChannel(settings)],
    wakeQueue,
    repository: store.repository,
    reassignments: store.reassignments,
    transform: makeHl7Transform(program),
    dictionaryOf: async (of) =>
      makeDictionary(await dictionaryResources(db, of), await readIdSystems(db, of)),
  })
  await channels.startWork()

  const all = async (type: string): Promise<JsonObject[]> => {
    const rows = await ownerQuery<{ content: JsonObject }>(
      'select content from passerelle.resource where tenant = $1 and type = $2 and not deleted order by rid',
      [tenant, type],
    )
    return rows.map(({ content }) => content)
  }

  return {
    tenant,
    database,
    store,
    async send(...messages) {
      for (const message of messages) await channels.intakeFor('lab')(Buffer.from(message), peer)
      await wakeQueue.idle()
    },
    async sendAtOnce(...messages) {
      const intake = channels.intakeFor('lab')
      await Promise.all(messages.map((message) => intake(Buffer.from(message), peer)))
      await wakeQueue.idle()
    },
    all,
    async known(type, number) {
      const found = (await all(type)).filter(({ identifier }) =>
        (identifier as JsonObject[]).some(({ value, use }) => value === number && use !== 'old'),
      )
      const inForce = found.filter(({ active, status }) => active !== false && status !== 'entered-in-error')
      if (inForce.length !== 1) throw new Error(`${inForce.length} of ${type} ${number}`)
      return inForce[0]!
    },
    versions: () =>
      ownerQuery(
        `select type, id, version from passerelle.resource
         where tenant = $1 and type not in ('Provenance', 'MessageHeader') order by type, id`,
        [tenant],
      ),
    states: () =>
      ownerQuery('select state, last_error as reason from passerelle.message where tenant = $1 order by id', [
        tenant,
      ]),
    [Symbol.asyncDispose]: () => channels.stopWork(),
  }
}
