import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { frame, makeFrameDecoder, readAck } from '../../hl7/index.ts'
import { makeAuthority } from './certificates.fixture.ts'
import { connectMllp } from './index.ts'
import { acknowledge, listen, message } from './listener.fixture.ts'

const HOST = '127.0.0.1'

/** A receiver that answers as it is told. */
async function receiver(answer: (body: Buffer, socket: Socket) => void) {
  const server = createServer((socket) => {
    const decoder = makeFrameDecoder()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const event of decoder.push(chunk)) if (event.kind === 'frame') answer(event.body, socket)
    })
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

describe('sending', () => {
  test('one message at a time, each with its own answer, however many ask at once', async () => {
    let inFlight = 0
    let most = 0
    await using listener = await listen({
      async handle(body) {
        most = Math.max(most, ++inFlight)
        await pause(2)
        inFlight--
        return acknowledge(body)
      },
    })
    await using client = await connectMllp({ host: HOST, port: listener.port })
    const answers = await Promise.all([1, 2, 3, 4].map((id) => client.send(message(id))))
    expect(answers.map((answer) => readAck(answer)?.controlId)).toEqual(['1', '2', '3', '4'])
    expect(most).toBe(1)
  })

  test('with a window many are in flight, and the answers still belong to their messages', async () => {
    await using listener = await listen({ maxInFlight: 32 })
    await using client = await connectMllp({ host: HOST, port: listener.port, window: 50 })
    const ids = Array.from({ length: 1000 }, (_, index) => `M${index}`)
    const answers = await Promise.all(ids.map((id) => client.send(message(id))))
    expect(answers.map((answer) => readAck(answer)?.controlId)).toEqual(ids)
  })
})

describe('after any doubt the connection is closed', () => {
  test('no answer in time', async () => {
    await using silent = await receiver(() => {})
    const client = await connectMllp({ host: HOST, port: silent.port, ackTimeoutMs: 50 })
    const sent = [client.send(message(1)), client.send(message(2))]
    await expect(sent[0]).rejects.toMatchObject({ kind: 'timeout', code: 'mllp-answer-timeout' })
    await expect(sent[1]).rejects.toMatchObject({ kind: 'timeout' })
    expect(client.open).toBe(false)
    await expect(client.send(message(3))).rejects.toMatchObject({ kind: 'unavailable', code: 'mllp-closed' })
  })

  test("another message's answer", async () => {
    await using wrong = await receiver((_body, socket) => socket.write(frame(acknowledge(message('other')))))
    await using client = await connectMllp({ host: HOST, port: wrong.port })
    await expect(client.send(message(1))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'mllp-answer-mismatch',
    })
    expect(client.open).toBe(false)
  })

  test('an answer that is none, and one that nobody asked for', async () => {
    await using babble = await receiver((_body, socket) => socket.write(frame(Buffer.from('hello'))))
    await using client = await connectMllp({ host: HOST, port: babble.port })
    await expect(client.send(message(1))).rejects.toMatchObject({ code: 'mllp-answer-mismatch' })
    await using twice = await receiver((body, socket) =>
      socket.write(Buffer.concat([frame(acknowledge(body)), frame(acknowledge(body))])),
    )
    await using second = await connectMllp({ host: HOST, port: twice.port })
    await second.send(message(1))
    await expect.poll(() => second.open).toBe(false)
  })

  test('the receiver closes', async () => {
    await using closing = await receiver((_body, socket) => socket.destroy())
    await using client = await connectMllp({ host: HOST, port: closing.port })
    await expect(client.send(message(1))).rejects.toMatchObject({ kind: 'unavailable', code: 'mllp-closed' })
  })

  test('we close: what waits is told', async () => {
    await using silent = await receiver(() => {})
    const client = await connectMllp({ host: HOST, port: silent.port })
    const sent = client.send(message(1))
    void client[Symbol.asyncDispose]()
    await expect(sent).rejects.toMatchObject({ code: 'mllp-closed' })
  })

  test('nobody listens', async () => {
    const gone = await receiver(() => {})
    await gone[Symbol.asyncDispose]()
    await expect(connectMllp({ host: HOST, port: gone.port })).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'mllp-connect',
    })
  })
})

describe('TLS', () => {
  const authority = makeAuthority('Test authority')
  const server = authority.issue('localhost')

  test('a sender that trusts the authority gets through, one that does not is refused', async () => {
    await using listener = await listen({ tls: server })
    await using client = await connectMllp({ host: HOST, port: listener.port, tls: { ca: authority.cert } })
    expect(readAck(await client.send(message(1)))?.code).toBe('AA')
    await expect(connectMllp({ host: HOST, port: listener.port, tls: {} })).rejects.toMatchObject({
      code: 'mllp-connect',
    })
    const stranger = connectMllp({
      host: HOST,
      port: listener.port,
      tls: { ca: authority.cert, servername: 'elsewhere' },
    })
    await expect(stranger).rejects.toMatchObject({ code: 'mllp-connect' })
  })

  test('mutual: only clients with a certificate of the authority, and the handler sees whose', async () => {
    const seen: unknown[] = []
    await using listener = await listen({
      tls: { ...server, ca: authority.cert, requireClientCertificate: true },
      handle(body, peer) {
        seen.push([peer.address, peer.certificate])
        return Promise.resolve(acknowledge(body))
      },
    })
    const tls = { ca: authority.cert }
    await using client = await connectMllp({
      host: HOST,
      port: listener.port,
      tls: { ...tls, ...authority.issue('analyser-7') },
    })
    await client.send(message(1))
    const certificate = { subject: 'analyser-7', fingerprint256: expect.stringMatching(/^[0-9A-F:]{95}$/) }
    expect(seen).toEqual([[HOST, certificate]])

    for (const certified of [{}, makeAuthority('Another').issue('analyser-7')]) {
      // TLS 1.3 tells the refusal after the handshake of the client, so it may show at the first send.
      const attempt = async (): Promise<void> => {
        await using refused = await connectMllp({
          host: HOST,
          port: listener.port,
          tls: { ...tls, ...certified },
        })
        await refused.send(message(2))
      }
      await expect(attempt()).rejects.toMatchObject({ kind: 'unavailable' })
    }
    expect(seen).toHaveLength(1)
    await expect.poll(() => listener.count('refused')).toBe(2)
  })

  test('a listener whose certificate is none says so', async () => {
    await expect(listen({ tls: { key: 'x', cert: 'y' } })).rejects.toMatchObject({
      kind: 'invalid',
      code: 'mllp-tls',
    })
  })
})
