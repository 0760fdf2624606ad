import { once } from 'node:events'
import { connect } from 'node:net'

import { expect, test } from 'vitest'

import type { Log, LogFields } from '../kernel/log.ts'
import { silentLog } from '../kernel/log.ts'
import { makeApp } from './app.ts'
import { exchangeOf } from './exchange.ts'
import type { FhirHandler } from './fhir/handler.ts'
import { makeObserver } from './observe.ts'
import { makeHttpServer } from './server.ts'
import { defaultHttpSettings, type HttpSettings } from './settings.ts'

/** A server whose FHIR edge is `fhir`. */
async function start(fhir: FhirHandler, settings: Partial<HttpSettings> = {}, log: Log = silentLog) {
  const all = { ...defaultHttpSettings, ...settings }
  const measured: unknown[][] = []
  const observe = makeObserver({
    log,
    metrics: { observe: (...observation) => measured.push(observation.slice(0, 3)) },
    maxInFlight: all.maxInFlight,
  })
  const server = makeHttpServer(makeApp({ settings: all, log, observe, fhir, routers: [] }), all)
  const { port } = await server.listen('127.0.0.1', 0)
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    measured,
    observe,
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

const answerOk: FhirHandler = async (_request, response) => {
  response.writeHead(200).end('{}')
}

/** Answers when told to. */
function gate() {
  const entered = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const fhir: FhirHandler = async (_request, response) => {
    entered.resolve()
    await opened.promise
    response.writeHead(200).end('{}')
  }
  return { fhir, entered: entered.promise, open: opened.resolve }
}

test('a stop answers what is in flight, takes nothing new, and waits for no idle connection', async () => {
  const { fhir, entered, open } = gate()
  await using running = await start(fhir)
  const idle = connect(running.port, '127.0.0.1')
  await once(idle, 'connect')
  const answer = fetch(`${running.origin}/t/demo/fhir/Patient/1`)
  await entered
  const stopped = running.server.stop()
  await expect(fetch(`${running.origin}/t/demo/fhir/Patient/2`)).rejects.toThrow(TypeError)
  open()
  expect((await answer).status).toBe(200)
  await stopped
  idle.destroy()
})

test('a stop does not wait for ever for a request that does not end', async () => {
  const { fhir, entered } = gate()
  await using running = await start(fhir, { stopTimeoutMs: 20 })
  const answer = fetch(`${running.origin}/t/demo/fhir/Patient/1`).then(
    () => 'answered',
    () => 'cut off',
  )
  await entered
  await running.server.stop()
  expect(await answer).toBe('cut off')
})

test('a port in use is a Failure that says so', async () => {
  await using running = await start(answerOk)
  const second = makeHttpServer(() => {}, defaultHttpSettings)
  await expect(second.listen('127.0.0.1', running.port)).rejects.toMatchObject({
    code: 'port-in-use',
    params: { port: running.port },
  })
})

test('more requests than the limit are 503 with Retry-After; the probes still answer', async () => {
  const { fhir, entered, open } = gate()
  await using running = await start(fhir, { maxInFlight: 1 })
  const first = fetch(`${running.origin}/t/demo/fhir/Patient/1`)
  await entered
  const second = await fetch(`${running.origin}/t/demo/fhir/Patient/2`, {
    method: 'POST',
    body: 'x'.repeat(100_000),
  })
  expect(second.status).toBe(503)
  expect(second.headers.get('retry-after')).toBe('1')
  expect((await fetch(`${running.origin}/health`)).status).toBe(404)
  open()
  expect((await first).status).toBe(200)
  expect((await fetch(`${running.origin}/t/demo/fhir/Patient/3`)).status).toBe(200)
})

test('each request leaves a log line and a measurement that hold its route and not its URL', async () => {
  const lines: LogFields[] = []
  const log: Log = { ...silentLog, info: (fields) => void lines.push(fields) }
  await using running = await start(
    async (_request, response, tenantKey) => {
      Object.assign(exchangeOf(response), {
        route: '/t/:tenant/fhir/{type}',
        tenant: tenantKey,
        client: 'ehr',
      })
      response.writeHead(200).end('{}')
    },
    {},
    log,
  )
  const response = await fetch(`${running.origin}/t/demo/fhir/Patient?family=Durand`, {
    headers: { 'x-request-id': 'r1' },
  })
  await response.text()
  await running.server.stop()
  expect(lines).toMatchObject([
    {
      request: 'r1',
      method: 'GET',
      route: '/t/:tenant/fhir/{type}',
      status: 200,
      tenant: 'demo',
      client: 'ehr',
    },
  ])
  expect(JSON.stringify(lines)).not.toContain('Durand')
  expect(running.measured).toEqual([['GET', '/t/:tenant/fhir/{type}', 200]])
})

test('a client that leaves is counted and no longer in flight', async () => {
  const { fhir, entered, open } = gate()
  await using running = await start(fhir)
  const leaving = new AbortController()
  const answer = fetch(`${running.origin}/t/demo/fhir/Patient/1`, { signal: leaving.signal }).catch(
    () => 'left',
  )
  await entered
  leaving.abort()
  expect(await answer).toBe('left')
  await expect.poll(() => running.observe.inFlight()).toBe(0)
  expect(running.measured).toEqual([['GET', 'unmatched', 499]])
  open()
})

test('what nobody answers is 404, what cannot be decoded 400, as JSON', async () => {
  await using running = await start(answerOk)
  const unknown = await fetch(`${running.origin}/nothing/here`)
  expect([unknown.status, await unknown.json()]).toEqual([404, { error: 'path-unknown' }])
  const malformed = await fetch(`${running.origin}/t/%ff/fhir/Patient`)
  expect([malformed.status, await malformed.json()]).toEqual([400, { error: 'request-malformed' }])
})

const preflight = {
  method: 'OPTIONS',
  headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT' },
}

test('a browser application of an allowed origin may call, others may not', async () => {
  await using running = await start(answerOk, { corsOrigins: ['https://app.example'] })
  const url = `${running.origin}/t/demo/fhir/Patient/1`
  const allowed = await fetch(url, preflight)
  expect(allowed.status).toBe(204)
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(allowed.headers.get('access-control-allow-methods')).toContain('PUT')
  expect(allowed.headers.get('access-control-allow-headers')).toContain('If-Match')
  const simple = await fetch(url, { headers: { origin: 'https://app.example' } })
  expect(simple.headers.get('access-control-expose-headers')).toContain('ETag')
  const foreign = await fetch(url, { headers: { origin: 'https://evil.example' } })
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
})

test('without configured origins no browser application may call', async () => {
  await using running = await start(answerOk)
  const { status, headers } = await fetch(`${running.origin}/t/demo/fhir/Patient/1`, preflight)
  expect([status, headers.get('access-control-allow-origin')]).toEqual([204, null])
})
