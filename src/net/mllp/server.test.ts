import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, test, vi } from 'vitest'

import { buildAck, frame, readIntake } from '../../hl7/index.ts'
import { listenMllp } from './index.ts'
import { silentLog } from '../../kernel/log.ts'
import { acknowledge, listen, message, rawPeer } from './listener.fixture.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `M${index}`)
const framed = (...names: string[]): Buffer => Buffer.concat(names.map((name) => frame(message(name))))

describe('frames and answers', () => {
  test('many frames in one write are each answered once, in order', async () => {
    await using listener = await listen()
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed(...ids(500)))
    await peer.answers(500)
    expect(peer.answered).toEqual(ids(500))
  })

  test('a frame in single bytes is one frame', async () => {
    await using listener = await listen()
    using peer = await rawPeer(listener.port)
    for (const byte of frame(message('M1'))) peer.socket.write(Buffer.from([byte]))
    await peer.answers(1)
    expect(listener.count('frame')).toBe(1)
  })

  test('frames are handled side by side, up to the bound, and answered in the order they came', async () => {
    let running = 0
    let most = 0
    await using listener = await listen({
      maxInFlight: 4,
      async handle(body) {
        most = Math.max(most, ++running)
        // The later of each pair is ready first.
        await pause(readIntake(body).readable && body.includes('slow') ? 20 : 1)
        running--
        return acknowledge(body)
      },
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(Buffer.concat(ids(20).map((id, index) => frame(message(id, index % 2 ? '' : 'slow')))))
    await peer.answers(20)
    expect(peer.answered).toEqual(ids(20))
    expect(most).toBe(4)
  })

  test('what cannot be handled yet stays with the sender', async () => {
    const gate = Promise.withResolvers<void>()
    await using listener = await listen({
      maxInFlight: 2,
      handle: (body) => gate.promise.then(() => acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    const big = frame(message('M', 'x'.repeat(200_000)))
    for (let i = 0; i < 200; i++) peer.socket.write(big)
    await pause(300)
    const [status] = listener.server.connections()
    expect(status).toMatchObject({ inFlight: 2, frames: 2, answers: 0 })
    expect(status!.bytesRead).toBeLessThan(3_000_000)
    gate.resolve()
    await peer.answers(200)
  })

  test('a sender that does not read its answers is not read either', async () => {
    await using listener = await listen({ handle: () => Promise.resolve(Buffer.alloc(1_000_000, 'x')) })
    using peer = await rawPeer(listener.port)
    peer.socket.pause()
    for (let i = 0; i < 5000; i++) peer.socket.write(frame(message(i, 'y'.repeat(10_000))))
    await pause(300)
    expect(listener.server.connections()[0]!.frames).toBeLessThan(200)
  })

  test('what follows an answer is a frame of its own, and the end waits for it', async () => {
    const gate = Promise.withResolvers<Buffer>()
    await using listener = await listen({
      idleTimeoutMs: 400,
      async handle(body, _peer, follow) {
        if (body.includes('split')) follow(acknowledge(message('M1b')))
        if (body.includes('late')) follow(gate.promise)
        if (body.includes('lost')) follow(Promise.reject(new Error('no')))
        return acknowledge(body)
      },
    })
    using peer = await rawPeer(listener.port)
    peer.socket.end(
      Buffer.concat([
        frame(message('M1', 'split')),
        frame(message('M2', 'late')),
        frame(message('M3', 'lost')),
        frame(message('M4')),
      ]),
    )
    await peer.answers(5)
    expect(peer.answered).toEqual(['M1', 'M1b', 'M2', 'M3', 'M4'])
    await pause(600)
    gate.resolve(acknowledge(message('M2')))
    await peer.gone
    expect(peer.answered).toEqual(['M1', 'M1b', 'M2', 'M3', 'M4', 'M2'])
  })

  test('a handler may stay silent', async () => {
    await using listener = await listen({
      handle: (body) => Promise.resolve(body.includes('quiet') ? undefined : acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(Buffer.concat([frame(message('M1', 'quiet')), frame(message('M2'))]))
    await peer.answers(1)
    expect(peer.answered).toEqual(['M2'])
  })
})

describe('bad input', () => {
  test('junk between frames is counted and dropped', async () => {
    await using listener = await listen()
    using peer = await rawPeer(listener.port)
    peer.socket.write(
      Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n\0'), framed('M1'), Buffer.from('?'), framed('M2')]),
    )
    await peer.answers(2)
    expect(listener.events.filter((event) => event.kind === 'junk')).toEqual([
      { kind: 'junk', bytes: 15 },
      { kind: 'junk', bytes: 1 },
    ])
  })

  test('half a frame at the end is counted and never handled', async () => {
    await using listener = await listen()
    using peer = await rawPeer(listener.port)
    peer.socket.end(Buffer.concat([framed('M1'), frame(message('M2')).subarray(0, 30)]))
    await peer.gone
    expect(peer.answered).toEqual(['M1'])
    expect(listener.count('half-frame')).toBe(1)
    expect(listener.count('frame')).toBe(1)
  })

  test('a frame over the limit is rejected in its place, whole, and the next one is taken', async () => {
    const broken: unknown[] = []
    await using listener = await listen({
      maxFrameBytes: 1000,
      broken(kind, head, bytes) {
        broken.push([kind, head.length, bytes])
        return Promise.resolve(buildAck({ to: readIntake(head), code: 'AR', controlId: 'A', epochMs: 0 }))
      },
    })
    using peer = await rawPeer(listener.port)
    const long = message('M2', 'x'.repeat(5000))
    peer.socket.write(Buffer.concat([framed('M1'), frame(long), framed('M3')]))
    await peer.answers(3)
    expect(peer.answered).toEqual(['M1', 'M2', 'M3'])
    expect(broken).toEqual([['oversize', 1000, long.length]])
    expect(listener.count('oversize')).toBe(1)
  })

  test('an OBX of 200 MB is refused, its sender is answered, and the memory does not grow', async () => {
    const sizes: number[] = []
    await using listener = await listen({
      broken(_kind, head, bytes) {
        sizes.push(bytes)
        return Promise.resolve(acknowledge(head))
      },
    })
    using peer = await rawPeer(listener.port)
    const [start, end] = [Buffer.from('\x0b'), Buffer.from('\x1c\r')]
    const head = Buffer.from(`${message('BIG').toString()}OBX|1|ED|PDF||^^^Base64^`)
    const piece = Buffer.alloc(1024 * 1024, 'A')
    peer.socket.write(Buffer.concat([start, head]))
    const before = process.memoryUsage().rss
    let most = 0
    for (let n = 0; n < 200; n++) {
      if (!peer.socket.write(piece)) await once(peer.socket, 'drain')
      most = Math.max(most, process.memoryUsage().rss)
    }
    peer.socket.write(Buffer.concat([end, framed('M2')]))
    await peer.answers(2)
    expect(peer.answered).toEqual(['BIG', 'M2'])
    expect(sizes).toEqual([head.length + 200 * piece.length])
    // The 16 MiB that may be a message, twice while they grow, and what Node reads with.
    expect(most - before).toBeLessThan(120 * 1024 * 1024)
  })

  test('the heads of halves are handed over, of a frame begun anew and of one that breaks off', async () => {
    const broken: string[] = []
    await using listener = await listen({
      broken(kind, head, bytes) {
        broken.push(`${kind} ${bytes} ${head.toString().slice(0, 5)}`)
        return Promise.resolve(undefined)
      },
    })
    using peer = await rawPeer(listener.port)
    const half = frame(message('M1')).subarray(0, 30)
    peer.socket.write(Buffer.concat([half, framed('M2')]))
    await peer.answers(1)
    peer.socket.write(half)
    await vi.waitFor(() => expect(listener.server.connections()[0]!.bytesRead).toBeGreaterThan(100))
    peer.socket.destroy()
    await vi.waitFor(() => expect(listener.server.connections()).toEqual([]))
    expect(broken).toEqual(['half-frame 29 MSH|^', 'half-frame 29 MSH|^'])
    expect(listener.count('unanswered')).toBe(0)
  })

  test('senders of halves cannot fill the memory together', async () => {
    await using listener = await listen({ maxHeldBytes: 300_000 })
    using first = await rawPeer(listener.port)
    using second = await rawPeer(listener.port)
    const half = frame(message('M1', 'x'.repeat(200_000))).subarray(0, 200_000)
    first.socket.write(half)
    await vi.waitFor(() => expect(listener.server.connections()[0]!.bytesRead).toBe(200_000))
    second.socket.write(half)
    await second.gone
    expect(listener.count('crowded')).toBe(1)
    first.socket.destroy()
    await vi.waitFor(() => expect(listener.server.connections()).toEqual([]))
    using third = await rawPeer(listener.port)
    third.socket.write(frame(message('M3', 'x'.repeat(200_000))))
    await third.answers(1)
  })

  test('a handler that throws gives no answer, and no later one that could be taken for it', async () => {
    await using listener = await listen({
      handle: (body) =>
        body.includes('bad') ? Promise.reject(new Error('no')) : Promise.resolve(acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(Buffer.concat([framed('M1'), frame(message('M2', 'bad')), framed('M3')]))
    await peer.gone
    expect(peer.answered).toEqual(['M1'])
    expect(listener.count('handler-failed')).toBe(1)
  })

  test('a sender that resets leaves the listener well, and the lost answer is told', async () => {
    const gate = Promise.withResolvers<void>()
    await using listener = await listen({ handle: (body) => gate.promise.then(() => acknowledge(body)) })
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed('M1'))
    await vi.waitFor(() => expect(listener.count('frame')).toBe(1))
    peer.socket.resetAndDestroy()
    await vi.waitFor(() => expect(listener.count('unanswered')).toBe(1))
    gate.resolve()
    using second = await rawPeer(listener.port)
    second.socket.write(framed('M2'))
    await second.answers(1)
  })
})

describe('connections', () => {
  test('a sender may close its sending side and still gets its answers', async () => {
    await using listener = await listen({ handle: (body) => pause(20).then(() => acknowledge(body)) })
    using peer = await rawPeer(listener.port)
    peer.socket.end(framed('M1', 'M2'))
    await peer.gone
    expect(peer.answered).toEqual(['M1', 'M2'])
  })

  test('operators see who is connected', async () => {
    await using listener = await listen()
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed('M1'))
    await peer.answers(1)
    expect(listener.server.connections()).toEqual([
      expect.objectContaining({
        peer: { connection: 1, address: '127.0.0.1', port: peer.socket.localPort, certificate: undefined },
        frames: 1,
        answers: 1,
        inFlight: 0,
      }),
    ])
    peer.socket.destroy()
    await vi.waitFor(() => expect(listener.server.connections()).toEqual([]))
    expect(listener.count('closed')).toBe(1)
  })

  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  )
  test.skipIf(!hasIpv6)('over IPv6, by the list too', async () => {
    for (const [allow, answered] of [
      ['::1', ['M1']],
      ['fd00::/8', []],
    ] as const) {
      await using listener = await listen({ host: '::1', allow: [allow] })
      using peer = await rawPeer(listener.port, '::1')
      peer.socket.end(framed('M1'))
      await peer.gone
      expect(peer.answered).toEqual(answered)
    }
  })

  test('only addresses on the list come in', async () => {
    await using open = await listen({ allow: ['127.0.0.0/8', '::1'] })
    using peer = await rawPeer(open.port)
    peer.socket.write(framed('M1'))
    await peer.answers(1)
    await using closed = await listen({ allow: ['10.0.0.0/8'] })
    using refused = await rawPeer(closed.port)
    await refused.gone
    expect(closed.events).toEqual([{ kind: 'refused', reason: 'not-allowed' }])
  })

  test.each(['', 'localhost', '10.0.0.0/33', '::1/129', '10.0.0.1/x'])(
    '%j is no address for the list',
    async (entry) => {
      await expect(listen({ allow: [entry] })).rejects.toMatchObject({ code: 'mllp-allow' })
    },
  )

  test('their number is bounded, in all and of one address', async () => {
    await using few = await listen({ maxConnections: 1 })
    using first = await rawPeer(few.port)
    using second = await rawPeer(few.port)
    await second.gone
    expect(few.events).toContainEqual({ kind: 'refused', reason: 'too-many' })
    expect(first.socket.destroyed).toBe(false)

    await using each = await listen({ maxConnectionsPerPeer: 1 })
    using third = await rawPeer(each.port)
    using fourth = await rawPeer(each.port)
    await fourth.gone
    expect(each.events).toContainEqual({ kind: 'refused', reason: 'too-many-of-peer' })
    third.socket.destroy()
    await vi.waitFor(() => expect(each.server.connections()).toEqual([]))
    using fifth = await rawPeer(each.port)
    fifth.socket.write(framed('M1'))
    await fifth.answers(1)
  })

  test('an idle one is closed, one that waits for an answer is not', async () => {
    await using listener = await listen({
      idleTimeoutMs: 100,
      handle: (body) => pause(400).then(() => acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed('M1'))
    await peer.answers(1)
    await peer.gone
    expect(listener.count('idle')).toBe(1)
  })

  test('a port in use is one clear Failure', async () => {
    await using listener = await listen()
    const second = listenMllp({
      host: '127.0.0.1',
      port: listener.port,
      log: silentLog,
      handle: () => Promise.resolve(undefined),
    })
    await expect(second).rejects.toMatchObject({ kind: 'unavailable', code: 'port-in-use' })
  })
})

describe('disposing', () => {
  test('answers what is in flight, takes no more, and ends', async () => {
    const gate = Promise.withResolvers<void>()
    const listener = await listen({
      maxInFlight: 2,
      handle: (body) => gate.promise.then(() => acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed('M1', 'M2', 'M3'))
    await vi.waitFor(() => expect(listener.count('frame')).toBe(2))
    const disposed = listener[Symbol.asyncDispose]()
    peer.socket.write(framed('M4'))
    gate.resolve()
    await disposed
    await peer.gone
    expect(peer.answered).toEqual(['M1', 'M2'])
    await expect(rawPeer(listener.port)).rejects.toThrow('ECONNREFUSED')
  })

  test('does not wait for ever', async () => {
    const gate = Promise.withResolvers<void>()
    const listener = await listen({
      drainTimeoutMs: 50,
      handle: (body) => gate.promise.then(() => acknowledge(body)),
    })
    using peer = await rawPeer(listener.port)
    peer.socket.write(framed('M1'))
    await vi.waitFor(() => expect(listener.count('frame')).toBe(1))
    const disposed = listener[Symbol.asyncDispose]()
    await peer.gone
    // The handler still runs; what it uses must not be taken away before it ends.
    gate.resolve()
    await disposed
    expect(peer.answered).toEqual([])
  })
})
