/** A channel with the real mapping over a real store: what tests of merges and of time send to, and look at. */
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { loadDefinitions, makeElementTree } from '../fhir/index.ts'
import type { JsonObject } from '../kernel/json.ts'
import { testStore } from '../store/testing.ts'
import { loadHl7Programs, makeHl7Transform } from './hl7-transform.ts'
import { labChannel, memoryQueue, peer, testChannels } from './testing.ts'

export type StoreOfTest = ReturnType<typeof testStore>

export interface Hospital extends AsyncDisposable {
  readonly database: TestDatabase
  readonly store: StoreOfTest
  /** Sends messages one after the other and waits until they are handled. */
  send(...messages: readonly string[]): Promise<void>
  /** Current resources of a type, those that are not deleted, oldest first. */
  all(type: string): Promise<JsonObject[]>
  /** The only resource of a type that has this identifier as one in force. */
  known(type: string, number: string): Promise<JsonObject>
  /** State and reason of each message, in order. */
  states(): Promise<{ state: string; reason: string | null }[]>
}

const { program } = await loadHl7Programs({
  folder: 'config/mapping',
  tree: makeElementTree(loadDefinitions()),
  channels: [],
})

export async function openHospital(settings = 'order: channel\n'): Promise<Hospital> {
  const database = await testDatabase()
  const { db, tenant, ownerQuery } = database
  const store = testStore(db)
  const wakeQueue = memoryQueue()
  const channels = testChannels(db, tenant, {
    channels: [labChannel(settings)],
    wakeQueue,
    repository: store.repository,
    reassignments: store.reassignments,
    transform: makeHl7Transform(program),
  })
  await channels.startWork()

  const all = async (type: string): Promise<JsonObject[]> => {
    const rows = await ownerQuery<{ content: JsonObject }>(
      'select content from passerelle.resource where type = $1 and not deleted order by rid',
      [type],
    )
    return rows.map(({ content }) => content)
  }

  return {
    database,
    store,
    async send(...messages) {
      for (const message of messages) await channels.intakeFor('lab')(Buffer.from(message), peer)
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
    states: () => ownerQuery('select state, last_error as reason from passerelle.message order by id'),
    async [Symbol.asyncDispose]() {
      await channels.stopWork()
      await database[Symbol.asyncDispose]()
    },
  }
}
