import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { type AckCode, buildAck, frame, makeFrameDecoder, readAck, readIntake } from '../../hl7/index.ts'
import { makeAuthority } from './certificates.fixture.ts'
import { connectMllp, type Delivery } from './index.ts'
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

describe('enhanced mode', () => {
  const wishing = (id: string, accept: string, application: string): Buffer =>
    Buffer.from(`MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260102||ORU^R01|${id}|P|2.5|||${accept}|${application}\r`)
  const answer = (body: Buffer, code: AckCode, wishes = ''): Buffer => {
    const ack = buildAck({ to: readIntake(body), code, controlId: `${code}1`, epochMs: 0 })
    return Buffer.from(ack.toString().replace(/\r/, `|||${wishes}\r`))
  }
  const codes = ({ commit, application }: Delivery) =>
    [commit, application].map((body) => body && readAck(body)!.code)

  test('waits for the commit acknowledgement, then for the application’s, whatever lies between them', async () => {
    await using listener = await listen({
      handle(body, _peer, follow) {
        follow(pause(20).then(() => answer(body, body.includes('M2') ? 'AE' : 'AA')))
        return Promise.resolve(answer(body, 'CA'))
      },
    })
    await using client = await connectMllp({ host: HOST, port: listener.port, window: 3 })
    const given = await Promise.all(['M1', 'M2', 'M3'].map((id) => client.deliver(wishing(id, 'AL', 'AL'))))
    expect(given.map(codes)).toEqual([
      ['CA', 'AA'],
      ['CA', 'AE'],
      ['CA', 'AA'],
    ])
    expect(readAck(await client.send(wishing('M4', 'AL', 'AL')))).toMatchObject({
      code: 'AA',
      controlId: 'M4',
    })
  })

  test('a commit that failed is the last word, and what is not asked for is not waited for', async () => {
    const sent: Buffer[] = []
    await using peer = await receiver((body, socket) => {
      sent.push(body)
      if (body.includes('CE')) socket.write(frame(answer(body, 'CE')))
      if (body.includes('CA')) socket.write(frame(answer(body, 'CA')))
      if (body.includes('AA')) socket.write(frame(answer(body, 'AA')))
    })
    await using client = await connectMllp({ host: HOST, port: peer.port, ackTimeoutMs: 2000 })
    expect(codes(await client.deliver(wishing('CE', 'AL', 'AL')))).toEqual(['CE', undefined])
    expect(codes(await client.deliver(wishing('CA', 'AL', 'NE')))).toEqual(['CA', undefined])
    expect(codes(await client.deliver(wishing('AA', 'NE', 'AL')))).toEqual([undefined, 'AA'])
    expect(codes(await client.deliver(wishing('no', 'NE', 'NE')))).toEqual([undefined, undefined])
    await expect(client.send(wishing('no', 'NE', 'NE'))).rejects.toMatchObject({ code: 'mllp-no-answer' })
    // Asked for on error only: not waited for, and no stranger's when it comes.
    expect(codes(await client.deliver(wishing('CE2', 'ER', 'NE')))).toEqual([undefined, undefined])
    expect(codes(await client.deliver(wishing('CA2', 'AL', 'NE')))).toEqual(['CA', undefined])
    expect(client.open).toBe(true)
    expect(sent).toHaveLength(7)
  })

  test('a receiver that knows one step only may answer AA or CA at once', async () => {
    await using peer = await receiver((body, socket) => {
      socket.write(frame(answer(body, body.includes('M1') ? 'AA' : 'CA')))
    })
    await using client = await connectMllp({ host: HOST, port: peer.port })
    expect(codes(await client.deliver(wishing('M1', 'AL', 'AL')))).toEqual([undefined, 'AA'])
    expect(codes(await client.deliver(message('M2')))).toEqual(['CA', undefined])
  })

  test('an application acknowledgement that asks for a commit acknowledgement gets it', async () => {
    const received: string[] = []
    await using peer = await receiver((body, socket) => {
      const ack = readAck(body)
      if (ack !== undefined) received.push(`${ack.code} ${ack.controlId}`)
      else socket.write(Buffer.concat([frame(answer(body, 'CA')), frame(answer(body, 'AA', 'AL|NE'))]))
    })
    await using client = await connectMllp({ host: HOST, port: peer.port })
    await client.deliver(wishing('M1', 'AL', 'AL'))
    await expect.poll(() => received).toEqual(['CA AA1'])
  })

  test('an application acknowledgement that never comes ends the connection', async () => {
    await using peer = await receiver((body, socket) => socket.write(frame(answer(body, 'CA'))))
    await using client = await connectMllp({ host: HOST, port: peer.port, applicationTimeoutMs: 50 })
    await expect(client.deliver(wishing('M1', 'AL', 'AL'))).rejects.toMatchObject({
      code: 'mllp-answer-timeout',
    })
    expect(client.open).toBe(false)
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
    const certificate = {
      subject: 'analyser-7',
      names: ['DNS:localhost', 'IP Address:127.0.0.1'],
      fingerprint256: expect.stringMatching(/^[0-9A-F:]{95}$/),
    }
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

  test('mutual, by list: only the clients that it names, by fingerprint or by name', async () => {
    const known = authority.issue('analyser-7')
    const tls = (certified: typeof known) => ({ ca: authority.cert, ...certified })
    const fingerprint = new X509Certificate(known.cert).fingerprint256
    for (const entry of [
      fingerprint,
      fingerprint.replaceAll(':', '').toLowerCase(),
      'analyser-7',
      'Analyser-7',
    ]) {
      await using listener = await listen({
        tls: { ...server, ca: authority.cert, requireClientCertificate: true, clients: [entry] },
      })
      await using client = await connectMllp({ host: HOST, port: listener.port, tls: tls(known) })
      expect(readAck(await client.send(message(1)))?.code).toBe('AA')
      const stranger = async (): Promise<void> => {
        const other = tls(authority.issue('analyser-8'))
        await using refused = await connectMllp({ host: HOST, port: listener.port, tls: other })
        await refused.send(message(2))
      }
      await expect(stranger()).rejects.toMatchObject({ kind: 'unavailable' })
      expect(listener.events).toContainEqual({ kind: 'refused', reason: 'certificate' })
    }
  })

  test('a listener whose certificate is none says so', async () => {
    await expect(listen({ tls: { key: 'x', cert: 'y' } })).rejects.toMatchObject({
      kind: 'invalid',
      code: 'mllp-tls',
    })
  })
})
