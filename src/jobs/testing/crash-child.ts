/** A process that takes messages in and handles them, to be killed at any moment: see crash.test.ts. */
import { migrateQueue, openWakeQueue } from '../index.ts'
import { peer, testChannels } from '../../channels/testing.ts'
import type { TenantId } from '../../kernel/ids.ts'
import { silentLog } from '../../kernel/log.ts'
import { openDb } from '../../store/index.ts'

const [url, redisUrl, tenant] = process.argv.slice(2) as [string, string, string]

const db = openDb({ url })
const backend =
  redisUrl === '' ? ({ kind: 'postgres', url } as const) : ({ kind: 'redis', url: redisUrl } as const)
if (backend.kind === 'postgres') await migrateQueue(url)
const wakeQueue = await openWakeQueue({ backend, log: silentLog })
const channels = testChannels(db, Number(tenant) as TenantId, { wakeQueue })
await channels.startWork()
const intake = channels.intakeFor('lab')

process.on('message', async ({ number, frame }: { number: number; frame: string }) => {
  const ack = await intake(Buffer.from(frame, 'base64'), peer)
  process.send!({ number, ack: ack?.toString('latin1') })
})
process.on('disconnect', () => process.exit())
process.send!('ready')
