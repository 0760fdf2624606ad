/** An imaging channel of a test: the real receiver on a test database, with its files in a folder of its own. */
import { systemClock } from '../../src/kernel/clock.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { makeTimeZone } from '../../src/kernel/time-zone.ts'
import {
  type ImagingChannel,
  type ImagingListenOptions,
  type ImagingReceiver,
  receiveImages,
} from '../../src/net/imaging/index.ts'
import { openFileBlobStore } from '../../src/store/blobs/index.ts'
import { type AuditRow, auditStatement, type Repository } from '../../src/store/index.ts'
import { testStore } from '../../src/store/testing.ts'
import { testDatabase, type TestDatabase } from './database.ts'
import { testFolder } from './folder.ts'

export interface TestImaging extends AsyncDisposable {
  readonly database: TestDatabase
  readonly repository: Repository
  readonly receiver: ImagingReceiver
  readonly port: number
  /** Where the blobs are. */
  readonly folder: string
  /** Audit rows that are not written with an object: refusals, echoes. */
  readonly audited: readonly AuditRow[]
  /** The one resource of a type; fails when there are more or none. */
  only(type: string): Promise<Record<string, unknown>>
  bodies(type: string): Promise<Record<string, unknown>[]>
}

export interface TestImagingOptions {
  readonly channel?: Partial<Pick<ImagingChannel, 'changedInstance' | 'quietMs'>>
  readonly mapping?: Partial<ImagingChannel['mapping']>
  readonly listen?: Partial<ImagingListenOptions>
}

export async function testImaging(options: TestImagingOptions = {}): Promise<TestImaging> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase())
  const folder = stack.use(await testFolder())
  const { repository } = testStore(database.db, systemClock, 'enforce')
  const audited: AuditRow[] = []
  const { db, tenant, tenantKey } = database
  const audit = {
    async record(of: typeof tenant, row: AuditRow) {
      await db.query(of, auditStatement([row]))
      audited.push(row)
    },
  }
  const blobs = await openFileBlobStore({ folder: folder.path, orphanAgeMs: 0 })
  const channel: ImagingChannel = {
    tenant,
    mapping: {
      tenantKey,
      channel: 'imaging',
      timeZone: makeTimeZone('Europe/Paris'),
      identifierSystems: {},
      ...options.mapping,
    },
    changedInstance: 'refuse',
    quietMs: 100,
    ...options.channel,
  }
  const receiver = stack.use(
    await receiveImages({ db, blobs, repository, audit, clock: systemClock, log: silentLog }, channel, {
      host: '127.0.0.1',
      port: 0,
      aeTitles: ['PASSERELLE'],
      ...options.listen,
    }),
  )
  const bodies = async (type: string) => {
    const rows = await database.ownerQuery<{ id: string }>(
      'select id from passerelle.resource where type = $1',
      [type],
    )
    const stored = await repository.readMany(
      tenant,
      rows.map(({ id }) => ({ type, id })),
    )
    return stored.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
  }
  return {
    database,
    repository,
    receiver,
    port: receiver.listener.port,
    folder: folder.path,
    audited,
    bodies,
    async only(type) {
      const found = await bodies(type)
      if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`)
      return found[0]!
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
