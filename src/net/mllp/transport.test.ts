/** The contract of every sender: openTransport's. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { buildAck, encodeText, frame, makeFrameDecoder, readAck, readIntake } from '../../hl7/index.ts'
import { makeAuthority } from './certificates.fixture.ts'
import { type MllpClientOptions, openTransport, TRANSPORTS } from './index.ts'
import { acknowledge, listen, message } from './listener.fixture.ts'

const host = '127.0.0.1'

async function receiver(answer: (body: Buffer, socket: Socket) => void) {
  const server = createServer((socket) => {
    const decoder = makeFrameDecoder()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const event of decoder.push(chunk)) if (event.kind === 'frame') answer(event.body, socket)
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

describe.each(TRANSPORTS)('%s', (transport) => {
  const open = (options: Omit<MllpClientOptions, 'host'>) => openTransport(transport, { host, ...options })

  test('sends one message at a time, byte for byte, and each gets its own answer', async () => {
    const received: Buffer[] = []
    let inFlight = 0
    await using listener = await listen({
      async handle(body) {
        expect(++inFlight).toBe(1)
        await pause(1)
        inFlight--
        received.push(body)
        return acknowledge(body)
      },
    })
    await using client = await open({ port: listener.port })
    const sent = Array.from({ length: 30 }, (_, n) => message(`M${n}`, 'Hémoglobine MSH|'))
    sent.push(Buffer.from(message('L1', 'H\u00e9mo').toString(), 'latin1'), message('end').subarray(0, -1))
    const answers = await Promise.all(sent.map((one) => client.send(one)))
    expect(answers.map((answer) => readAck(answer)?.controlId)).toEqual([
      ...Array.from({ length: 30 }, (_, n) => `M${n}`),
      'L1',
      'end',
    ])
    expect(received).toEqual(sent)
    expect(listener.count('junk')).toBe(0)
  })

  test('carries UTF-16 and waits for CA and then AA', async () => {
    await using listener = await listen({
      handle(body, _peer, follow) {
        const to = readIntake(body)
        follow(buildAck({ to, code: 'AA', controlId: 'A', epochMs: 0 }))
        return Promise.resolve(buildAck({ to, code: 'CA', controlId: 'C', epochMs: 0 }))
      },
    })
    await using client = await open({ port: listener.port })
    const text = 'MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102||ORU^R01|東|P|2.5|||AL|AL\r'
    for (const body of [Buffer.from(text), encodeText(text, 'utf-16le')]) {
      const { commit, application } = await client.deliver(body)
      expect([commit, application].map((answer) => readAck(answer!)?.code)).toEqual(['CA', 'AA'])
    }
  })

  test.each<[string, (body: Buffer, socket: Socket) => void, string]>([
    ['no answer in time', () => {}, 'mllp-answer-timeout'],
    [
      'another message’s answer',
      (_, socket) => socket.write(frame(acknowledge(message('other')))),
      'mllp-answer-mismatch',
    ],
    [
      'an answer that is none',
      (_, socket) => socket.write(frame(Buffer.from('hello'))),
      'mllp-answer-mismatch',
    ],
  ])('after %s nothing more is sent', async (_name, answer, code) => {
    const received: Buffer[] = []
    await using peer = await receiver((body, socket) => {
      received.push(body)
      answer(body, socket)
    })
    await using client = await open({ port: peer.port, ackTimeoutMs: 80 })
    const sent = await Promise.allSettled([1, 2, 3].map((id) => client.send(message(id))))
    expect(sent.map((one) => one.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(sent[0]).toMatchObject({ reason: { code } })
    expect(received).toHaveLength(1)
    expect(client.open).toBe(false)
  })

  test('a receiver that closes is noticed, at the latest when the answer is due', async () => {
    await using closing = await receiver((_body, socket) => socket.destroy())
    await using client = await open({ port: closing.port, ackTimeoutMs: 80 })
    await expect(client.send(message(1))).rejects.toMatchObject({
      code: expect.stringMatching(/^mllp-(closed|answer-timeout)$/),
    })
    expect(client.open).toBe(false)
  })

  test('nobody listens: said in time', async () => {
    const gone = await receiver(() => {})
    await gone[Symbol.asyncDispose]()
    const opening = open({ port: gone.port, connectTimeoutMs: 80 })
    await expect(opening).rejects.toMatchObject({ code: expect.stringMatching(/^mllp-connect/) })
  })

  test('TLS', async () => {
    const authority = makeAuthority('Test authority')
    await using listener = await listen({ tls: authority.issue('localhost') })
    await using client = await open({ port: listener.port, tls: { ca: authority.cert } })
    expect(readAck(await client.send(message(1)))?.code).toBe('AA')
  })
})
