import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, test } from 'vitest'
import { makeHealth, type HealthCheck } from './health.ts'
import { silentLog, type Log } from './kernel/log.ts'
import { makeMetrics } from './metrics.ts'
import { makeObserver } from './http/observe.ts'
import { makeProbes } from './http/probes.ts'

async function serve(checks: HealthCheck[], log: Log = silentLog) {
  const health = makeHealth({ log, timeoutMs: 50, reuseMs: 0 })
  for (const check of checks) health.register(check)
  const metrics = makeMetrics({ version: '1.2.3' })
  const observe = makeObserver({ log: silentLog, metrics: metrics.http, maxInFlight: 10 })
  const server = createServer(express().use(observe, makeProbes({ version: '1.2.3', health, metrics })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    health,
    metrics,
    async get(path: string) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      return { status: response.status, text: await response.text() }
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const sound: HealthCheck = { name: 'database', check: async () => undefined }
const broken: HealthCheck = {
  name: 'queue',
  check: async () => Promise.reject(new Error('no queue at 10.0.0.3')),
}

test('is not ready before the start is done, nor once the stop has begun, and alive all the time', async () => {
  await using probes = await serve([sound])
  const seen: number[] = []
  for (const phase of ['starting', 'ok', 'stopping'] as const) {
    probes.health.become(phase)
    seen.push((await probes.get('/health/ready')).status, (await probes.get('/health/live')).status)
  }
  expect(seen).toEqual([503, 200, 200, 200, 503, 200])
})

test('a part that fails makes it not ready, is named, and what it says stays inside', async () => {
  await using probes = await serve([sound, broken])
  probes.health.become('ok')
  const { status, text } = await probes.get('/health')
  expect(status).toBe(503)
  expect(JSON.parse(text)).toMatchObject({
    status: 'failing',
    version: '1.2.3',
    checks: { database: { status: 'ok' }, queue: { status: 'failing' } },
  })
  expect(text).not.toContain('10.0.0.3')
})

test('a check that hangs has failed', async () => {
  await using probes = await serve([{ name: 'blobs', check: () => new Promise(() => undefined) }])
  probes.health.become('ok')
  expect((await probes.get('/health/ready')).status).toBe(503)
})

test('a part that goes and comes back is one line in the log each time', async () => {
  const lines: string[] = []
  const log: Log = {
    ...silentLog,
    error: (_f, line) => void lines.push(line),
    info: (_f, line) => void lines.push(line),
  }
  let works = false
  const check = async (): Promise<void> => (works ? undefined : Promise.reject(new Error('away')))
  await using probes = await serve([{ name: 'database', check }], log)
  await probes.get('/health')
  await probes.get('/health')
  works = true
  await probes.get('/health')
  await probes.get('/health')
  expect(lines).toEqual(['part is failing', 'part works again'])
})

test('what was counted is in the metrics, in the text format', async () => {
  await using probes = await serve([])
  await probes.get('/health/live')
  const { metrics } = probes
  metrics.http.observe('GET', '/t/:tenant/fhir/{type}', 200, 0.004)
  metrics.http.observe('BREW', 'unmatched', 405, 0.001)
  metrics.audit.flushed(7, 0.002)
  metrics.channels.received({ channel: 'lab', outcome: 'stored', durationMs: 3 })
  metrics.dicom.stored({ channel: 'imaging', status: '0000', bytes: 512, durationMs: 8 })
  metrics.watchPool('app', () => ({ total: 5, idle: 3, waiting: 1 }))
  metrics.watchQueues(async () => [{ queue: 'lanes', depth: { waiting: 2 }, oldestSeconds: 1.5 }])
  metrics.watchConnections('lab', () => 4)
  const { status, text } = await probes.get('/metrics')
  expect(status).toBe(200)
  for (const line of [
    'passerelle_info{version="1.2.3"} 1',
    'passerelle_http_request_seconds_count{method="GET",route="/t/:tenant/fhir/{type}",status="200"} 1',
    'passerelle_http_request_seconds_count{method="GET",route="/health/live",status="200"} 1',
    'passerelle_http_request_seconds_count{method="other",route="unmatched",status="405"} 1',
    'passerelle_audit_rows_total{outcome="kept"} 7',
    'passerelle_message_ack_seconds_count{channel="lab",outcome="stored"} 1',
    'passerelle_dicom_store_bytes_total{channel="imaging"} 512',
    'passerelle_db_connections{pool="app",state="used"} 2',
    'passerelle_queue_depth{queue="lanes",state="waiting"} 2',
    'passerelle_queue_oldest_seconds{queue="lanes"} 1.5',
    'passerelle_listener_connections{listener="lab"} 4',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('what cannot be looked up is missing, and the rest is told', async () => {
  await using probes = await serve([])
  probes.metrics.watchQueues(() => Promise.reject(new Error('away')))
  probes.metrics.watchConnections('lab', () => 4)
  const { status, text } = await probes.get('/metrics')
  expect(status).toBe(200)
  expect(text).toContain('passerelle_listener_connections{listener="lab"} 4')
})
